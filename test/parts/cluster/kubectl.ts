import { commandOutput } from "#test/parts/command.ts";
import { kubeconfigPath, program } from "./place.ts";

/** Runs kubectl as the cluster's administrator and returns its stdout. `input` is what `-f -` reads. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  return (await run(args, input)).stdout;
}

/** The same, and returns what it warns of. */
export async function kubectlWarnings(args: readonly string[], input?: string): Promise<string> {
  return (await run(args, input)).stderr;
}

/** What the API server answers to `kubectl get ... -o json`. */
export async function getJson(...args: string[]): Promise<unknown> {
  return JSON.parse(await kubectl(["get", ...args, "--output=json"]));
}

function run(args: readonly string[], input?: string) {
  const env = { KUBECONFIG: kubeconfigPath };
  return commandOutput([program("kubectl"), ...args], { env, ...(input !== undefined && { input }) });
}
