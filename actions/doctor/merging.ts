import { type Finding, findingsAbout } from "./finding.ts";
import type { RepositoryPlace } from "./repository.ts";

/** Whether the gate can keep a change out of main. */
export async function checkMerging({ github, owner, repo }: RepositoryPlace): Promise<Finding> {
  const about = findingsAbout("the gate before merging");
  const rules = await github.paginate(github.rest.repos.getBranchRules, { owner, repo, branch: "main" });
  const required = rules.flatMap((rule) =>
    rule.type === "required_status_checks" ? (rule.parameters?.required_status_checks ?? []) : [],
  );
  if (required.some(({ context }) => context === "slipway")) return about.ok("main requires the check slipway");
  const remedy = "make a ruleset for main that requires the status check slipway";
  return about.advice("main can be merged to whatever the gate says", remedy);
}
