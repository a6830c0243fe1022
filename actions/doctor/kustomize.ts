import { type Finding, findingsAbout } from "./finding.ts";
import { programVersion } from "./program-version.ts";

const programs = [
  ["kustomize", "version"],
  ["kubectl", "version", "--client"],
] as const;

/** Whether reports can show what a promotion would change in the cluster, rendered. */
export async function checkKustomize(variables: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const about = findingsAbout("kustomize");
  for (const command of programs) {
    const version = await programVersion(command, variables);
    if (version !== undefined) return about.ok(`${command[0]}: ${version}`);
  }
  return about.advice(
    "neither kustomize nor kubectl is on PATH: reports show the change of the overlay alone",
    "install either, to have them show what would change in the cluster",
  );
}
