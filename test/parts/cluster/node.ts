import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { command } from "#test/parts/command.ts";
import { pki } from "./certificates.ts";
import { getJson, kubectl } from "./kubectl.ts";
import {
  containerdSocket,
  folder,
  nodeAddress,
  nodeName,
  podSubnet,
  program,
  registryHost,
  socketFolder,
} from "./place.ts";
import { isRunning, start, stop, untilReady } from "./processes.ts";

const pauseImage = "slipway.local/pause:1";
const cniFolders = ["/usr/lib/cni", "/opt/cni/bin"]; // of Debian, of everybody else

/** A real node: containerd, runc and a kubelet, with one GPU that only the scheduler knows of. */
export async function startNode(): Promise<void> {
  await startContainerd();
  await writeFile(join(folder, "kubelet.yaml"), stringify(kubeletConfiguration()));
  await start("kubelet", [
    program("kubelet"),
    `--config=${join(folder, "kubelet.yaml")}`,
    `--kubeconfig=${join(folder, "node.kubeconfig")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
    `--root-dir=${join(folder, "kubelet")}`,
    `--cert-dir=${join(folder, "kubelet/pki")}`,
  ]);
  await untilReady("kubelet", isNodeReady);
  const gpu = { op: "add", path: "/status/capacity/nvidia.com~1gpu", value: "1" };
  await kubectl(["patch", "node", nodeName, "--subresource=status", "--type=json", `--patch=${JSON.stringify([gpu])}`]);
}

/** Ends the kubelet, every container that it started with its network, and containerd. */
export async function stopNode(): Promise<void> {
  await stop("kubelet");
  if (isRunning("containerd")) {
    const networks = await podNetworks();
    for (const id of await names("tasks")) await ctr("tasks", "delete", "--force", id).catch(() => undefined); // or by itself
    for (const path of networks) await command(["ip", "netns", "delete", basename(path)]).catch(() => undefined);
  }
  await stop("containerd");
  await unmountAll();
}

/** Where the network namespaces of the pods are mounted. */
async function podNetworks(): Promise<Set<string>> {
  const Container = z.object({
    Spec: z.object({
      linux: z.object({ namespaces: z.array(z.object({ type: z.string(), path: z.string().optional() })) }),
    }),
  });
  const paths = new Set<string>();
  for (const id of await names("containers")) {
    const { Spec } = Container.parse(JSON.parse(await ctr("containers", "info", id)));
    const network = Spec.linux.namespaces.find(
      ({ type, path }) => type === "network" && path?.startsWith("/var/run/netns/"),
    );
    if (network?.path) paths.add(network.path);
  }
  return paths;
}

async function names(kind: "tasks" | "containers"): Promise<string[]> {
  return (await ctr(kind, "list", "--quiet")).split("\n").filter(Boolean);
}

/** Runs containerd's client, in the kubelet's namespace of images. */
export async function ctr(...args: string[]): Promise<string> {
  return await command(["ctr", `--address=${containerdSocket}`, "--namespace=k8s.io", ...args]);
}

async function startContainerd(): Promise<void> {
  const [state, cni] = [join(folder, "containerd"), join(folder, "cni")];
  await Promise.all([state, cni, socketFolder].map((path) => mkdir(path, { recursive: true })));
  await writeFile(join(state, "config.toml"), containerdConfiguration(state, cni));
  await writeFile(join(cni, "10-bridge.conflist"), JSON.stringify(bridge()));
  await start("containerd", ["containerd", "--config", join(state, "config.toml")]);
  await untilReady("containerd", async () => (await ctr("version")).includes("Server"));
  if (!(await ctr("images", "list", "--quiet")).split("\n").includes(pauseImage)) await importPause();
}

async function isNodeReady(): Promise<boolean> {
  const node = (await getJson("node", nodeName)) as { status: { conditions: { type: string; status: string }[] } };
  return node.status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

// restrict_oom_score_adj: in many sandboxes root may not lower it, and runc would fail
function containerdConfiguration(state: string, cni: string): string {
  const plugin = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${join(state, "root")}"
state = "${join(socketFolder, "state")}"
[grpc]
  address = "${containerdSocket}"
[${plugin}]
  sandbox_image = "${pauseImage}"
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true
  [${plugin}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [${plugin}.containerd.runtimes.runc.options]
      SystemdCgroup = false
  [${plugin}.cni]
    bin_dir = "${cniFolders.find((path) => existsSync(join(path, "bridge")))}"
    conf_dir = "${cni}"
  [${plugin}.registry.mirrors."${registryHost}"]
    endpoint = ["http://${registryHost}"]
`;
}

function bridge() {
  const ranges = [[{ subnet: podSubnet }]];
  const ipam = { type: "host-local", ranges, routes: [{ dst: "0.0.0.0/0" }], dataDir: join(folder, "cni-addresses") };
  return {
    cniVersion: "0.4.0",
    name: "slipway",
    plugins: [
      { type: "bridge", bridge: "pods0", isGateway: true, ipMasq: false, hairpinMode: true, ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfiguration() {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    oomScoreAdj: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: join(pki, "ca.crt") },
    },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    podLogsDir: join(folder, "pod-logs"),
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" }, // others use this machine too
    imageGCHighThresholdPercent: 100,
    registryPullQPS: 0,
  };
}

/** The image of one program, without a tool to build images: a layer and two documents about it. */
async function importPause(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), "slipway-pause-"));
  try {
    const deterministic = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--dereference"];
    await command(["tar", ...deterministic, "-cf", join(place, "layer.tar"), "-C", program(""), "pause"]);
    const sum = (await command(["sha256sum", join(place, "layer.tar")])).split(" ")[0];
    const configuration = {
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Entrypoint: ["/pause"], User: "65535:65535" },
      rootfs: { type: "layers", diff_ids: [`sha256:${sum}`] },
    };
    await writeFile(join(place, "config.json"), JSON.stringify(configuration));
    const manifest = [{ Config: "config.json", RepoTags: [pauseImage], Layers: ["layer.tar"] }];
    await writeFile(join(place, "manifest.json"), JSON.stringify(manifest));
    await command(["tar", "-cf", join(place, "image.tar"), "-C", place, "config.json", "layer.tar", "manifest.json"]);
    await ctr("images", "import", join(place, "image.tar"));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** What containers and pods had mounted below our folders. */
async function unmountAll(): Promise<void> {
  const mounts = await command(["findmnt", "--raw", "--noheadings", "--output=TARGET"]);
  const ours = mounts.split("\n").filter((path) => [folder, socketFolder].some((of) => path.startsWith(`${of}/`)));
  for (const path of ours.toReversed()) await command(["umount", "--lazy", path]);
}

/** Whether pods of another kubelet run on this machine: two of them would end each other's. */
export async function isNodeOfAnother(): Promise<boolean> {
  if (isRunning("kubelet")) return false;
  const found = await command(["find", "/sys/fs/cgroup", "-path", "*/kubepods*", "-name", "cgroup.procs"]);
  const lists = await Promise.all(
    found
      .split("\n")
      .filter(Boolean)
      .map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return lists.some((list) => list.trim() !== "");
}
