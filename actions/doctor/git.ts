import { type Finding, findingsAbout } from "./finding.ts";
import { programVersion } from "./program-version.ts";

/** Whether there is git, by which candidates know their commit and promotions their order. */
export async function checkGit(variables: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const about = findingsAbout("git");
  const version = await programVersion(["git", "--version"], variables);
  if (version !== undefined) return about.ok(version);
  return about.problem(
    "there is no git on PATH",
    "install git: candidates know their commit, promotions their order by it",
  );
}
