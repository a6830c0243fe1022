/** Argo CD answered and refused. */
export class ArgocdError extends Error {
  override name = "ArgocdError";
  readonly status: number;
  readonly isAbsence: boolean; // what was asked for is not there

  constructor(attempt: string, status: number, body: string) {
    const said = saidBy(body);
    super(`${attempt}: ${status}, ${said}${remedyFor(status)}`);
    this.status = status;
    this.isAbsence = status === 404 || (status === 400 && /not found/i.test(said));
  }
}

/** Argo CD gave no answer. */
export class ArgocdUnreachableError extends Error {
  override name = "ArgocdUnreachableError";

  constructor(attempt: string, options: { cause: unknown }) {
    const { cause } = options;
    super(`${attempt}: no answer (${cause instanceof Error ? cause.message : cause})`, options);
  }
}

function remedyFor(status: number): string {
  if (status === 401)
    return ". Is the token of Argo CD valid? `argocd account generate-token --account slipway` makes one";
  // Argo CD answers alike for what is not there and for what the token may not see
  if (status === 403)
    return ". Either there is no such Application, or the account of this token may not get it (argocd/config/argocd-rbac-cm.yaml)";
  return "";
}

function saidBy(body: string): string {
  try {
    const { message, error } = JSON.parse(body) as { message?: string; error?: string };
    return message ?? error ?? "without a reason";
  } catch {
    return /<html|<!doctype/i.test(body) ? "a web page and not Argo CD's API" : body.slice(0, 200) || "without a body";
  }
}
