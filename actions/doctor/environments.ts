import { ask } from "./ask.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { RepositoryPlace } from "./repository.ts";

/** Whether the environments of the pipeline are there and protect their secrets: GitHub makes an absent one, unprotected, at its first use. */
export async function checkEnvironments({ github, owner, repo }: RepositoryPlace, env: string): Promise<Finding[]> {
  const answer = await ask(github.rest.repos.getAllEnvironments({ owner, repo, per_page: 100 }));
  if (!answer) {
    const remedy = "ask with a token that has Actions: read; or look in Settings, Environments";
    return [findingsAbout("environments").unknown("which there are, and what protects them", remedy)];
  }
  const { environments = [] } = answer.data;
  return [`${env}-build`, env].map((name) => {
    const about = findingsAbout(`environment ${name}`);
    const found = environments.find((environment) => environment.name === name);
    const restrict =
      "Settings, Environments: restrict it to the branch main, and keep the secrets there instead of the repository's";
    if (!found) return about.advice("is not there: GitHub makes it at its first use, open to every branch", restrict);
    if (!found.deployment_branch_policy)
      return about.advice("its secrets are open to workflows of every branch", restrict);
    const hasReviewers = found.protection_rules?.some(({ type }) => type === "required_reviewers") ?? false;
    if (name === env && env !== "dev" && !hasReviewers) {
      return about.advice(
        "a release needs nobody's approval",
        "Settings, Environments: name required reviewers, if somebody should look first",
      );
    }
    return about.ok(`restricted by branch${hasReviewers ? ", with reviewers" : ""}`);
  });
}
