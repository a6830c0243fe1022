const namespace = "argocd"; // where Argo CD keeps its Applications

/** The name of the Argo CD Application that runs a model in an environment. */
export function applicationName({ env, model }: { env: string; model: string }): string {
  return `serving-${env}-${model}`;
}

/** Where Argo CD's user interface at `url` shows that Application. */
export function argoCdUrl(url: string, of: { env: string; model: string }): string {
  return `${url.replace(/\/+$/, "")}/applications/${namespace}/${encodeURIComponent(applicationName(of))}`;
}
