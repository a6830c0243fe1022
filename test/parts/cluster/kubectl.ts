import { command } from "#test/parts/command.ts";
import { kubeconfigPath, program } from "./place.ts";

/** Runs kubectl as the cluster's administrator and returns its stdout. `input` is what `-f -` reads. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const env = { KUBECONFIG: kubeconfigPath };
  return await command([program("kubectl"), ...args], { env, ...(input !== undefined && { input }) });
}

/** What the API server answers to `kubectl get ... -o json`. */
export async function getJson(...args: string[]): Promise<unknown> {
  return JSON.parse(await kubectl(["get", ...args, "--output=json"]));
}
