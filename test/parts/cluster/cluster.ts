import { mkdir, rm } from "node:fs/promises";
import { argocdProcesses, startArgocd } from "./argocd.ts";
import { makeCertificates } from "./certificates.ts";
import { startControlPlane } from "./control-plane.ts";
import { makeNetwork, removeNetwork } from "./network.ts";
import { isNodeOfAnother, startNode, stopNode } from "./node.ts";
import { folder, socketFolder } from "./place.ts";
import { startedNames, stop } from "./processes.ts";
import { startGit, startKwok, startRegistry } from "./servers.ts";

/**
 * Starts this machine's one cluster: Kubernetes' control plane, a real node and room for fake ones, a registry, git over
 * HTTP, and Argo CD. What runs already is left alone, so a start that was broken off goes on. Needs root on Linux.
 */
export async function startCluster(say: (line: string) => void | Promise<void>): Promise<void> {
  if (await isNodeOfAnother())
    throw new Error("this machine is a node of another Kubernetes cluster; it can't be one of two");
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const steps: [title: string, work: () => Promise<void>][] = [
    ["network", makeNetwork],
    ["certificates", makeCertificates],
    ["control plane", startControlPlane],
    ["fake nodes' kubelet", startKwok],
    ["image registry", startRegistry],
    ["git", startGit],
    ["node", startNode],
    ["Argo CD", startArgocd],
  ];
  for (const [title, work] of steps) {
    const startMs = performance.now();
    await work();
    await say(`${title}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
}

/** Ends all that `startCluster` started, and removes what it left. */
export async function stopCluster(): Promise<void> {
  for (const name of argocdProcesses) await stop(name);
  await stopNode();
  const order = ["kwok", "git", "registry", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"];
  for (const name of [...order, ...startedNames()]) await stop(name);
  await removeNetwork();
  await Promise.all([folder, socketFolder].map((path) => rm(path, { recursive: true, force: true })));
}
