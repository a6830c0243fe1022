import { getJson, kubectl } from "./kubectl.ts";

const namespace = "--namespace=argocd";

/** Lets Argo CD's notifications, as they are, tell the GitHub whose API is at `url`. */
export async function tellGitHub(url: string, token: string): Promise<void> {
  const { data } = (await getJson("configmap", "argocd-notifications-cm", namespace)) as {
    data: Record<string, string>;
  };
  const service = data["service.webhook.github"]?.replace("https://api.github.com", url);
  const patch = JSON.stringify({ data: { "service.webhook.github": service } });
  await kubectl(["patch", "configmap", "argocd-notifications-cm", namespace, "--type=merge", "--patch", patch]);
  await putSecret({ name: "argocd-notifications-secret", namespace: "argocd" }, { "github-token": token });
}

/** Makes a Secret, or changes what it holds. */
export async function putSecret(
  metadata: { name: string; namespace: string },
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData }));
}
