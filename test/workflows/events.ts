import type { Happening } from "./simulated-run.ts";

const main = { ref: "refs/heads/main", sha: "0123456", base_ref: "" };

/** What happens in a repository, as GitHub's contexts tell it. */
export const events = {
  push: { github: { ...main, event_name: "push", event: {} } },
  schedule: { github: { ...main, event_name: "schedule", event: { schedule: "23 3 * * 1" } } },
  "repository_dispatch data-updated": {
    github: { ...main, event_name: "repository_dispatch", event: { action: "data-updated" } },
  },
  "workflow_dispatch dev": {
    github: { ...main, event_name: "workflow_dispatch", event: {} },
    inputs: { env: "dev", model: "" },
  },
  "workflow_dispatch prod": {
    github: { ...main, event_name: "workflow_dispatch", event: {} },
    inputs: { env: "prod", model: "iris" },
  },
  "workflow_dispatch prod on another branch": {
    github: { ...main, ref: "refs/heads/topic", event_name: "workflow_dispatch", event: {} },
    inputs: { env: "prod", model: "iris" },
  },
  "pull request": pullRequest({ from: "octo/models", by: "ada" }),
  "pull request of a fork": pullRequest({ from: "mallory/models", by: "mallory" }),
  "pull request of a fork that is gone": pullRequest({ from: undefined, by: "mallory" }),
  "pull request of Dependabot": pullRequest({ from: "octo/models", by: "dependabot[bot]" }),
} satisfies Record<string, Happening>;

function pullRequest({ from, by }: { from: string | undefined; by: string }): Happening {
  const repo = from === undefined ? null : { full_name: from };
  const event = { pull_request: { number: 4, head: { repo, sha: "abcdef0" }, user: { login: by } } };
  return {
    github: { event_name: "pull_request", ref: "refs/pull/4/merge", base_ref: "main", sha: "fedcba9", event },
  };
}
