import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { folder, gitUrl, kubeconfigPath, nodeAddress, ports, program, registryHost, repositories } from "./place.ts";
import { start, untilReady } from "./processes.ts";

/** A registry for images, which anybody on this machine may push to. */
export async function startRegistry(): Promise<void> {
  const configuration = {
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(folder, "registry") }, delete: { enabled: true } },
    http: { addr: registryHost },
  };
  await writeFile(join(folder, "registry.yaml"), stringify(configuration));
  await start("registry", ["docker-registry", "serve", join(folder, "registry.yaml")]);
  await untilReady("registry", async () => (await fetch(`http://${registryHost}/v2/`)).ok);
}

/** Git over HTTP for the bare repositories in `repositories`. */
export async function startGit(): Promise<void> {
  await mkdir(repositories, { recursive: true });
  const server = join(import.meta.dirname, "git-http.ts");
  await start("git", [process.execPath, server, repositories, nodeAddress, String(ports.git)]);
  await untilReady("git", async () => (await fetch(gitUrl)).status > 0);
}

/** Plays the kubelet of nodes that are only written down: those with the annotation kwok.x-k8s.io/node: fake. */
export async function startKwok(): Promise<void> {
  await start("kwok", [
    program("kwok"),
    `--kubeconfig=${kubeconfigPath}`,
    `--config=${join(import.meta.dirname, "kwok.yaml")}`,
    "--manage-all-nodes=false",
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    `--server-address=127.0.0.1:${ports.kwok}`,
  ]);
}
