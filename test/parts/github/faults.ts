/** What happens to a request instead of its answer. */
export type Fault =
  | { readonly kind: "secondaryRateLimit"; readonly retryAfterSeconds: number } // 403
  | { readonly kind: "rateLimit"; readonly resetsInSeconds: number } // 403 without Retry-After: the hour's budget is used up
  | { readonly kind: "tooManyRequests"; readonly retryAfterSeconds: number } // 429
  | { readonly kind: "status"; readonly status: number; readonly message?: string }
  | { readonly kind: "html"; readonly status: number } // a page of the proxy before GitHub
  | { readonly kind: "reset" } // the connection breaks before anything is done
  | { readonly kind: "forget" } // the work is done, then the connection breaks
  | { readonly kind: "distort"; readonly body: unknown }; // the emulator gives this as the answer of its own

export interface ScriptedFault {
  /** An operation id such as `issues/create-comment`, or `graphql`; every request where it is missing. */
  readonly operation?: string;
  readonly as: Fault;
  /** How many requests it meets; 1 unless told. */
  readonly times?: number;
}

/** Faults in the order they were scripted; each meets its number of requests. */
export function createFaults() {
  const scripted: { operation: string | undefined; as: Fault; left: number }[] = [];
  return {
    add: ({ operation, as, times = 1 }: ScriptedFault) => void scripted.push({ operation, as, left: times }),
    /** The fault that meets a request of this operation, if any. */
    take(operation: string): Fault | undefined {
      const found = scripted.find((one) => one.left > 0 && (one.operation ?? operation) === operation);
      if (found) found.left -= 1;
      return found?.as;
    },
  };
}

const secondary =
  "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on scraping GitHub " +
  "and how it may affect your rights, please review our Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service)";

/** The answer that a fault stands for; undefined for those that break or distort instead. */
export function faultAnswer(fault: Fault) {
  const url = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
  switch (fault.kind) {
    case "secondaryRateLimit":
      return {
        status: 403,
        headers: { "retry-after": String(fault.retryAfterSeconds) },
        body: { documentation_url: `${url}#about-secondary-rate-limits`, message: secondary },
      };
    case "tooManyRequests":
      return {
        status: 429,
        headers: { "retry-after": String(fault.retryAfterSeconds) },
        body: { documentation_url: `${url}#about-secondary-rate-limits`, message: secondary },
      };
    case "rateLimit": {
      const reset = String(Math.ceil(Date.now() / 1000) + fault.resetsInSeconds);
      return {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
        body: { message: "API rate limit exceeded for installation ID 1.", documentation_url: url },
      };
    }
    case "status":
      return { status: fault.status, headers: {}, body: { message: fault.message ?? "Server Error" } };
    case "html":
      return {
        status: fault.status,
        headers: { "content-type": "text/html; charset=utf-8" },
        body: Buffer.from(
          "<!DOCTYPE html><html><head><title>Unicorn! &middot; GitHub</title></head><body>No server</body></html>",
        ),
      };
    case "reset":
    case "forget":
    case "distort":
      return undefined;
  }
}
