import { readFileSync } from "node:fs";
import { chmod, cp, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run } from "./command.mjs";
import { getGo, goEnvironment, goRemedy } from "./go.mjs";
import { step } from "./progress.mjs";

const moduleFolder = "test/parts/cluster/gomod"; // its go.sum pins every line of code that is compiled
const kwokVersion = "v0.8.0"; // wants another Kubernetes than the rest, so it is a module of its own
const oldestGo = 26; // of Go 1
const argoModule = "github.com/argoproj/argo-cd/v3";

// in this order: what each compiles, the next ones find in Go's build cache
const programs = [
  { name: "etcd", package: "go.etcd.io/etcd/server/v3", takes: "a minute" },
  { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", takes: "six minutes on two cores" },
  { name: "kube-controller-manager", package: "k8s.io/kubernetes/cmd/kube-controller-manager", takes: "a minute" },
  { name: "kube-scheduler", package: "k8s.io/kubernetes/cmd/kube-scheduler", takes: "half a minute" },
  { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet", takes: "a minute" },
  { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", takes: "half a minute" },
  { name: "argocd", package: `${argoModule}/cmd`, takes: "four minutes" },
];

/** All that decides what the programs are. */
export function clusterInputs(root) {
  return [
    ...["go.mod", "go.sum"].map((file) => readFileSync(join(root, moduleFolder, file), "utf8")),
    kwokVersion,
  ].join();
}

/**
 * The path of a folder with the programs of a Kubernetes cluster and Argo CD, compiled from Go's module proxy, the files
 * that install Argo CD, and the pause program of every pod. Each is kept once it is built, so a set-up that was broken off goes on.
 */
export async function clusterPrograms(root, python) {
  const inputs = clusterInputs(root);
  const folder = join(cacheFolder, "cluster", keyOf(inputs, process.platform, process.arch));
  const go = createGo(await getGo(root, python, oldestGo), join(root, moduleFolder));
  const marker = await once(folder, "kubectl", async (own) => {
    const versions = { kubernetes: versionIn(inputs, "k8s.io/kubernetes"), argocd: versionIn(inputs, argoModule) };
    for (const { name, ...program } of programs) {
      await symlink(await build(go, { name, ...program, flags: ldflags(versions), inputs }), join(own, name));
    }
    await symlink(await buildKwok(go), join(own, "kwok"));
    await compilePause(await go.folderOf("k8s.io/kubernetes"), own);
    await copyWritable(join(await go.folderOf(argoModule), "manifests/crds"), join(own, "argocd-install/crds"));
    await copyWritable(
      join(await go.folderOf(argoModule), "manifests/base/config"),
      join(own, "argocd-install/config"),
    );
  });
  return join(marker, "..");
}

function createGo(program, folder) {
  const env = { ...goEnvironment, GOFLAGS: "-mod=readonly -buildvcs=false" };
  return {
    build: (args, onLine) =>
      run([program, "build", "-trimpath", ...args], { cwd: folder, env, remedy: goRemedy, onLine }),
    install: (module, target, onLine) =>
      run([program, "install", "-trimpath", "-ldflags", "-s -w", module], {
        env: { ...goEnvironment, GOBIN: target },
        remedy: goRemedy,
        onLine,
      }),
    async folderOf(module) {
      await run([program, "mod", "download", module], { cwd: folder, env, remedy: goRemedy });
      return (await run([program, "list", "-m", "-f", "{{.Dir}}", module], { cwd: folder, env })).trim();
    },
  };
}

function build(go, { name, package: source, takes, flags, inputs }) {
  const folder = join(
    cacheFolder,
    "cluster",
    `${name}-${keyOf(inputs, source, flags, process.platform, process.arch)}`,
  );
  return once(folder, name, (own) =>
    step(name, `compiled from source once, about ${takes}`, (onLine) =>
      go.build(["-ldflags", flags, "-o", join(own, name), source], onLine),
    ),
  );
}

function buildKwok(go) {
  const folder = join(cacheFolder, "cluster", `kwok-${kwokVersion}-${process.platform}-${process.arch}`);
  return once(folder, "kwok", (own) =>
    step(`kwok ${kwokVersion}`, "compiled from source once, about two minutes", (onLine) =>
      go.install(`sigs.k8s.io/kwok/cmd/kwok@${kwokVersion}`, own, onLine),
    ),
  );
}

// without these a program calls itself v0.0.0, and clients refuse to talk to it
function ldflags({ kubernetes, argocd }) {
  const [major, minor] = kubernetes.slice(1).split(".");
  const stamp = { buildDate: "1970-01-01T00:00:00Z", gitCommit: "unknown", gitTreeState: "clean" };
  const kubernetesStamp = { ...stamp, gitVersion: kubernetes, gitMajor: major, gitMinor: minor };
  const stamps = {
    "k8s.io/component-base/version": kubernetesStamp,
    "k8s.io/client-go/pkg/version": kubernetesStamp,
    [`${argoModule}/common`]: { ...stamp, version: argocd.slice(1) },
  };
  const settings = Object.entries(stamps).flatMap(([place, values]) =>
    Object.entries(values).map(([name, value]) => `-X ${place}.${name}=${value}`),
  );
  return ["-s", "-w", ...settings].join(" ");
}

function versionIn(goMod, module) {
  const [, version] = new RegExp(`^\\s*${module.replaceAll(".", "\\.")} (v\\S+)$`, "m").exec(goMod) ?? [];
  if (!version) throw new Error(`${moduleFolder}/go.mod does not require ${module}`);
  return version;
}

/** Holds a pod's namespaces; what Kubernetes publishes as the image registry.k8s.io/pause. */
function compilePause(kubernetes, own) {
  const source = join(kubernetes, "build/pause/linux/pause.c");
  const remedy = "install a C compiler and the static C library (Debian, Ubuntu: `apt install gcc libc6-dev`)";
  return run(["cc", "-Os", "-static", "-s", "-DVERSION=slipway", "-o", join(own, "pause"), source], { remedy });
}

// Go keeps modules read-only, which would make the copy impossible to remove
async function copyWritable(from, to) {
  await mkdir(to, { recursive: true });
  await cp(from, to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}
