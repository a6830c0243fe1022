import { readFile } from "node:fs/promises";
import { z } from "zod";
import { runnerVariables } from "./env.ts";

/** The pull request that an event is about. */
export interface PullRequest {
  number: number;
  headSha: string;
  headRef: string; // written by its author: any text that git allows
  /** Whether GitHub gives its runs no secret: it is from a fork, or Dependabot's. */
  isUntrusted: boolean;
}

/** The run whose end started this workflow (`workflow_run`). */
export interface WorkflowRun {
  id: number;
  url: string;
  head: { repository: string; branch: string; sha: string }; // the branch is any text that git allows
}

/** What started the workflow. */
export interface Event {
  repository: string; // owner/name
  eventName: string;
  sha: string;
  ref: string; // refs/heads/...
  defaultBranch: string | undefined; // some events do not carry it
  pullRequest: PullRequest | undefined;
  workflowRun: WorkflowRun | undefined;
  runUrl: string;
  serverUrl: string;
}

const Variables = z.object({
  GITHUB_REPOSITORY: z.string().regex(/^[^/]+\/[^/]+$/),
  GITHUB_EVENT_NAME: z.string().min(1),
  GITHUB_SHA: z.string().min(1),
  GITHUB_REF: z.string().min(1),
  GITHUB_RUN_ID: z.string().min(1),
  GITHUB_SERVER_URL: z.url().default("https://github.com"),
  GITHUB_EVENT_PATH: z.string().optional(),
});

const Payload = z.object({
  repository: z.object({ default_branch: z.string().optional() }).optional(),
  pull_request: z
    .object({
      number: z.int().positive(),
      user: z.object({ login: z.string() }).nullish(), // null: the account was deleted
      head: z.object({
        sha: z.string(),
        ref: z.string(),
        repo: z.object({ full_name: z.string() }).nullish(), // null: the fork was deleted
      }),
    })
    .optional(),
  workflow_run: z
    .object({
      id: z.int().positive(),
      html_url: z.url(),
      head_branch: z.string(),
      head_sha: z.string(),
      head_repository: z.object({ full_name: z.string() }),
    })
    .optional(),
});

/** Reads what started this workflow. Throws where this is no runner, or the event's payload is damaged. */
export async function readEvent(variables = runnerVariables()): Promise<Event> {
  const parsed = Variables.safeParse(variables);
  if (!parsed.success)
    throw new Error(`this action needs the variables of a GitHub runner:\n${z.prettifyError(parsed.error)}`);
  const runner = parsed.data;
  const text = runner.GITHUB_EVENT_PATH ? await readFile(runner.GITHUB_EVENT_PATH, "utf8") : "{}";
  const { repository, pull_request: pullRequest, workflow_run: run } = Payload.parse(JSON.parse(text));
  return {
    repository: runner.GITHUB_REPOSITORY,
    eventName: runner.GITHUB_EVENT_NAME,
    sha: runner.GITHUB_SHA,
    ref: runner.GITHUB_REF,
    defaultBranch: repository?.default_branch,
    pullRequest: pullRequest && {
      number: pullRequest.number,
      headSha: pullRequest.head.sha,
      headRef: pullRequest.head.ref,
      isUntrusted:
        pullRequest.head.repo?.full_name !== runner.GITHUB_REPOSITORY || pullRequest.user?.login === "dependabot[bot]",
    },
    workflowRun: run && {
      id: run.id,
      url: run.html_url,
      head: { repository: run.head_repository.full_name, branch: run.head_branch, sha: run.head_sha },
    },
    runUrl: `${runner.GITHUB_SERVER_URL}/${runner.GITHUB_REPOSITORY}/actions/runs/${runner.GITHUB_RUN_ID}`,
    serverUrl: runner.GITHUB_SERVER_URL,
  };
}
