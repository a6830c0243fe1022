import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { adminPassword } from "./argocd.ts";
import { startCluster, stopCluster } from "./cluster.ts";
import { argocdUrl, folder, kubeconfigPath, program } from "./place.ts";
import { readApplications, statusOf } from "./status.ts";
import { serveThisMachine } from "./this-machine.ts";

const help = `A Kubernetes cluster with Argo CD on this machine, which follows what npm start promotes. Needs root and Linux.

  npm run cluster -- up        starts it, or goes on starting it; says where Argo CD is
  npm run cluster -- status    a line an Application; exit code 1 unless all are Synced and Healthy
  npm run cluster -- down      ends it and removes what it left

Kubernetes and Argo CD are compiled from Go's module proxy at first use: 15 minutes on two cores, kept in the cache.`;

const root = resolve(import.meta.dirname, "../../..");
const commands: Record<string, () => Promise<number>> = { up, down, status };

try {
  const [name = "--help", ...rest] = process.argv.slice(2);
  if (name === "--help") console.log(help);
  else process.exitCode = await commandOf(name, rest)();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function commandOf(name: string, rest: string[]): () => Promise<number> {
  const found = Object.hasOwn(commands, name) && rest.length === 0 ? commands[name] : undefined;
  return (
    found ??
    (async () => {
      console.error(`npm run cluster: ${[name, ...rest].join(" ")} is none of up, down, status\n\n${help}`);
      return 42;
    })
  );
}

async function up(): Promise<number> {
  await startCluster((line) => console.log(line));
  await serveThisMachine(root, (line) => console.log(line));
  console.log(`
Argo CD     ${argocdUrl}  (its API and CLI; user admin, password ${await adminPassword()})
Kubernetes  ${program("kubectl")} --kubeconfig ${kubeconfigPath} get pods --all-namespaces
next        npm run cluster -- status`);
  return 0;
}

async function status(): Promise<number> {
  if (!existsSync(kubeconfigPath)) throw new Error(`no cluster runs in ${folder}: npm run cluster -- up starts one`);
  const { lines, good } = statusOf(await readApplications());
  console.log(lines.length > 0 ? lines.join("\n") : "Argo CD has no Applications");
  return good ? 0 : 1;
}

async function down(): Promise<number> {
  await stopCluster();
  console.log("the cluster is down");
  return 0;
}
