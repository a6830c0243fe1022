import { type Finding, findingsAbout } from "./finding.ts";
import { programVersion } from "./program-version.ts";

const oldest = 20; // set-up runs on it, and brings the project's own

/** Whether there is a Node that can start set-up, as the train and evaluate actions do. */
export async function checkNode(variables: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const about = findingsAbout("Node");
  const remedy = `install Node ${oldest} or newer and put it on PATH; on a runner of your own, for the user that the runner runs as`;
  const version = await programVersion(["node", "--version"], variables);
  if (version === undefined) return about.problem("there is no node on PATH", remedy);
  const [, major = "0"] = /^v(\d+)/.exec(version) ?? [];
  return Number(major) < oldest ? about.problem(`${version} is too old`, remedy) : about.ok(version);
}
