/** MLflow (or what stands before it) refused a call. `url` and `reason` hold no credentials and no HTML. */
export class MlflowError extends Error {
  override name = "MlflowError";
  readonly verb: string;
  readonly url: string;
  readonly status: number;
  readonly code: string | undefined; // MLflow's error_code, e.g. RESOURCE_DOES_NOT_EXIST
  readonly reason: string;
  readonly remedy: string | undefined;
  readonly retryAfter: string | undefined; // the header: seconds, or a date

  constructor(failure: MlflowFailure) {
    const { verb, url, status, code, reason, remedy } = failure;
    super(`${verb} ${url}: ${status}${code ? ` ${code}` : ""}: ${reason}${remedy ? `. ${remedy}` : ""}`);
    this.verb = verb;
    this.url = url;
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.remedy = remedy;
    this.retryAfter = failure.retryAfter;
  }
}

/** What an `MlflowError` tells. */
export interface MlflowFailure {
  verb: string;
  url: string;
  status: number;
  code?: string | undefined;
  reason: string;
  remedy?: string | undefined;
  retryAfter?: string | undefined;
}

/** No answer came: nothing listens, the name is unknown, the connection broke or the answer took too long. */
export class MlflowUnreachableError extends Error {
  override name = "MlflowUnreachableError";

  constructor(call: string, options: { cause: unknown }) {
    super(
      `${call}: no answer from MLflow (${reasonOf(options.cause)}). Is it running, and is the tracking URI right?`,
      options,
    );
  }
}

/** MLflow's way to say that the thing asked for is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof MlflowError && error.code === "RESOURCE_DOES_NOT_EXIST";
}

/** The value of `call`, or `undefined` where MLflow says that the thing does not exist. */
export async function orMissing<T>(
  call: Promise<T>,
  missing: (error: unknown) => boolean = isMissing,
): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : cause.name) : String(cause);
}
