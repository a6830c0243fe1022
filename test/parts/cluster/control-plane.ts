import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pki } from "./certificates.ts";
import { kubectl } from "./kubectl.ts";
import { folder, kubeconfigPath, nodeAddress, podSubnet, ports, program, serviceSubnet } from "./place.ts";
import { start, untilReady } from "./processes.ts";

/** etcd, API server, controller manager and scheduler. */
export async function startControlPlane(): Promise<void> {
  const file = (name: string) => join(pki, name);
  const etcd = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  await mkdir(join(folder, "etcd"), { recursive: true, mode: 0o700 });
  await start("etcd", [
    program("etcd"),
    "--name=slipway",
    `--data-dir=${join(folder, "etcd")}`,
    "--unsafe-no-fsync", // nothing here is to survive the machine
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=slipway=${peer}`,
  ]);
  await start("kube-apiserver", [
    program("kube-apiserver"),
    `--etcd-servers=${etcd}`,
    `--bind-address=${nodeAddress}`,
    `--advertise-address=${nodeAddress}`,
    `--secure-port=${ports.api}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    "--authorization-mode=Node,RBAC",
    "--anonymous-auth=false",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("service-accounts.pub")}`,
    `--service-account-signing-key-file=${file("service-accounts.key")}`,
    `--service-cluster-ip-range=${serviceSubnet}`,
    "--kubelet-preferred-address-types=InternalIP", // there is no DNS to ask for the node's name
    `--kubelet-client-certificate=${file("admin.crt")}`,
    `--kubelet-client-key=${file("admin.key")}`,
    "--profiling=false",
  ]);
  await untilReady("kube-apiserver", async () => (await kubectl(["get", "--raw", "/readyz"])) === "ok");
  const asAdmin = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"].map(
    (flag) => `--${flag}=${kubeconfigPath}`,
  );
  await start("kube-controller-manager", [
    program("kube-controller-manager"),
    ...asAdmin,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.controllerManager}`,
    "--leader-elect=false",
    `--service-account-private-key-file=${file("service-accounts.key")}`,
    `--root-ca-file=${file("ca.crt")}`,
    "--use-service-account-credentials=true",
    "--allocate-node-cidrs=false",
    `--cluster-cidr=${podSubnet}`,
    "--profiling=false",
  ]);
  await start("kube-scheduler", [
    program("kube-scheduler"),
    ...asAdmin,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.scheduler}`,
    "--leader-elect=false",
    "--profiling=false",
  ]);
  await untilReady("kube-controller-manager", async () => {
    await kubectl(["get", "serviceaccount", "default"]);
    return true;
  });
}
