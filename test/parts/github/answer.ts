/** An answer of GitHub's REST API. A handler returns it, or throws it as `Refusal`. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export const documentationUrl = "https://docs.github.com/rest";

/** An answer that refuses what was asked, with GitHub's own words. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly answer: Answer;

  constructor(status: number, message: string, more: Record<string, unknown> = {}) {
    super(message);
    const body = { message, ...more, documentation_url: documentationUrl, status: String(status) };
    this.answer = { status, body };
  }
}

export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

/** 422 with `errors`, as GitHub words those of a resource's field. */
export function invalid(resource: string, error: { code: string; field?: string; message?: string }): Refusal {
  return new Refusal(422, "Validation Failed", { errors: [{ resource, ...error }] });
}
