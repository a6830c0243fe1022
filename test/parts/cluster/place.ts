import { join, resolve } from "node:path";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../../..");

/** A fixed folder, so that whoever asks finds the one cluster of this machine. */
export const folder = "/var/lib/slipway-cluster";
/** Where sockets lie: their paths must be short. */
export const socketFolder = "/run/slipway-cluster";
/** The network namespace that everything runs in. */
export const networkNamespace = "slipway-cluster";

/** Of a range that is set aside for tests and never routed (RFC 2544), so that no network of the machine can be hit. */
export const hostAddress = "198.18.0.1";
export const nodeAddress = "198.18.0.2";
export const linkSubnet = "198.18.0.0/30";
export const podSubnet = "198.19.0.0/24"; // of the real node
export const serviceSubnet = "198.19.64.0/18"; // nothing routes it: there is no kube-proxy

/** Of the namespace, so nothing of the machine can hold them. */
export const ports = {
  api: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  controllerManager: 10257,
  scheduler: 10259,
  kwok: 10247,
  redis: 6379,
  repoServer: 8081,
  argocd: 8080,
  git: 8090,
  registry: 5000,
} as const;

export const argocdUrl = `http://${nodeAddress}:${ports.argocd}`;
export const registryHost = `${nodeAddress}:${ports.registry}`;
export const gitUrl = `http://${nodeAddress}:${ports.git}`;
export const kubeconfigPath = join(folder, "admin.kubeconfig");
export const containerdSocket = join(socketFolder, "containerd.sock");
export const repositories = join(folder, "git"); // bare ones, served at gitUrl
export const nodeName = "gpu-0"; // the real one

/** The path of one of the programs that set-up built. Throws when set-up has not run. */
export function program(name: string): string {
  return join(programsFolder(), name);
}

/** Where set-up put Kubernetes' and Argo CD's programs. Throws when it has not run. */
export function programsFolder(): string {
  const { clusterPrograms } = readTools(root);
  if (!clusterPrograms) throw new Error("the cluster's programs are not built: npm run cluster -- up builds them");
  return clusterPrograms;
}

/** PATH with the programs that Argo CD starts by name. */
export function pathWithPrograms(): string {
  const { kustomize } = readTools(root);
  if (!kustomize) throw new Error("no kustomize: npm run cluster -- up builds it");
  return [programsFolder(), join(kustomize, ".."), process.env["PATH"]].join(":");
}
