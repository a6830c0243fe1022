import { plainLine } from "#actions/io/escape.ts";

/** Why GitHub did not do what was asked, in a line without anything that a proxy before it may have sent. */
export function refusal(error: unknown): string {
  const status = statusOf(error);
  const told = messageOf(error);
  if (status === undefined) return plainLine(String(error instanceof Error ? error.message : error), 200);
  if (status === 403 && /rate limit/i.test(told))
    return "GitHub limits the rate of calls; the limit was not over in time";
  if (status === 403 && /not accessible/i.test(told)) {
    return "the token may not write here: a fork's run, or the job lacks the permission";
  }
  return `GitHub answered ${status}${status < 500 && told ? `: ${told}` : ""}`;
}

/** Whether the work may have been done although no answer came: after a server error or a broken connection. */
export function mayBeDone(error: unknown): boolean {
  return (statusOf(error) ?? 0) >= 500;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "status" in error && typeof error.status === "number" ? error.status : undefined;
}

function messageOf(error: unknown): string {
  const response = error instanceof Error && "response" in error ? error.response : undefined;
  const data = typeof response === "object" && response !== null && "data" in response ? response.data : undefined;
  const message = typeof data === "object" && data !== null && "message" in data ? data.message : "";
  return plainLine(String(message), 200);
}
