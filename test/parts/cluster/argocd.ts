import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { getJson, kubectl } from "./kubectl.ts";
import { argocdUrl, folder, nodeAddress, pathWithPrograms, ports, program, programsFolder } from "./place.ts";
import { start, untilReady } from "./processes.ts";

const pollSeconds = "3"; // how often Argo CD looks at git when nobody calls it
const parts = {
  repoServer: "argocd-repo-server",
  controller: "argocd-application-controller",
  applicationSets: "argocd-applicationset-controller",
  notifications: "argocd-notifications",
  server: "argocd-server",
};

/** Argo CD as processes of this machine, installed into the cluster from the files of its own release. */
export async function startArgocd(): Promise<void> {
  await install();
  const redis = `127.0.0.1:${ports.redis}`;
  const local = "127.0.0.1";
  const repoServer = ["--repo-server", `127.0.0.1:${ports.repoServer}`, "--repo-server-plaintext"];
  await start("redis", ["redis-server", "--bind", local, "--port", String(ports.redis), "--save", "", "--dir", folder]);
  const env = await environment();
  const run = (name: string, args: readonly string[]) =>
    start(name, [program("argocd"), ...args], { ...env, ARGOCD_BINARY_NAME: name });
  await run(parts.repoServer, [
    ...["--address", local, "--port", String(ports.repoServer), "--metrics-address", local],
    ...["--redis", redis, "--disable-tls", "--revision-cache-expiration", `${pollSeconds}s`],
  ]);
  await run(parts.controller, [
    ...["--redis", redis, ...repoServer, "--app-resync", pollSeconds],
    ...["--status-processors", "5", "--operation-processors", "5"],
    "--persist-resource-health", // argocd/config asks for it
  ]);
  await run(parts.applicationSets, [
    ...["--argocd-repo-server", `127.0.0.1:${ports.repoServer}`, "--repo-server-plaintext", "--namespace", "argocd"],
    ...["--metrics-addr", `${local}:8085`, "--probe-addr", `${local}:8086`, "--webhook-addr", `${nodeAddress}:7000`],
  ]);
  await run(parts.notifications, ["--namespace", "argocd", "--metrics-port", "9001", ...argocdRepoServer()]);
  await run(parts.server, [
    ...["--address", "0.0.0.0", "--port", String(ports.argocd), "--metrics-address", local], // it also calls itself on loopback
    ...["--redis", redis, ...repoServer, "--insecure"], // plain HTTP: the cable leads to this machine only
  ]);
  await untilReady(parts.server, async () => (await fetch(`${argocdUrl}/api/version`)).ok);
  await untilReady(parts.server, async () => (await adminPassword()) !== "");
}

/** The password of Argo CD's user `admin`. */
export async function adminPassword(): Promise<string> {
  const Secret = z.looseObject({ data: z.looseObject({ password: z.base64() }) });
  const secret = Secret.parse(await getJson("secret", "argocd-initial-admin-secret", "--namespace=argocd"));
  return Buffer.from(secret.data.password, "base64").toString();
}

/** Names of Argo CD's processes, in the order in which they are to be stopped. */
export const argocdProcesses = [...Object.values(parts).toReversed(), "redis"];

function argocdRepoServer(): string[] {
  return ["--argocd-repo-server", `127.0.0.1:${ports.repoServer}`, "--argocd-repo-server-plaintext"];
}

async function install(): Promise<void> {
  const files = join(programsFolder(), "argocd-install");
  await kubectl(["apply", "-f", "-"], "{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}");
  const crds = ["application-crd.yaml", "appproject-crd.yaml", "applicationset-crd.yaml"];
  await kubectl(["apply", "--server-side", ...crds.map((name) => `--filename=${join(files, "crds", name)}`)]);
  await kubectl(["apply", "--namespace=argocd", `--kustomize=${join(files, "config")}`]);
  const fast = { data: { "timeout.reconciliation": `${pollSeconds}s`, "timeout.reconciliation.jitter": "0s" } };
  await kubectl([
    "patch",
    "configmap",
    "argocd-cm",
    "--namespace=argocd",
    "--type=merge",
    `--patch=${JSON.stringify(fast)}`,
  ]);
}

/** Argo CD believes it runs in a pod of the cluster; its folders are ours. */
async function environment(): Promise<Record<string, string>> {
  const place = (name: string) => join(folder, "argocd", name);
  const folders = ["tmp", "ssh", "tls", "gpg/source", "gpg/keys", "plugins"].map(place);
  await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  return {
    PATH: pathWithPrograms(),
    HOME: place("tmp"),
    KUBECONFIG: join(folder, "argocd.kubeconfig"),
    TMPDIR: place("tmp"),
    HOSTNAME: "argocd-application-controller-0",
    ARGOCD_FAKE_IN_CLUSTER: "true",
    ARGOCD_TLS_DATA_PATH: place("tls"),
    ARGOCD_SSH_DATA_PATH: place("ssh"),
    ARGOCD_GPG_DATA_PATH: place("gpg/source"),
    ARGOCD_GNUPGHOME: place("gpg/keys"),
    ARGOCD_GPG_ENABLED: "false",
    ARGOCD_ASK_PASS_SOCK: place("askpass.sock"),
    ARGOCD_PLUGINSOCKFILEPATH: place("plugins"),
    ARGOCD_RECONCILIATION_TIMEOUT: `${pollSeconds}s`,
    ARGOCD_RECONCILIATION_JITTER: "0s",
  };
}
