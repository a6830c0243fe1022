import type { BareRepository } from "./bare-repository.ts";
import type { Permissions } from "./permissions.ts";

export interface Account {
  readonly login: string;
  readonly id: number;
  readonly type: "Bot" | "User" | "Organization";
}

export const actionsBot: Account = { login: "github-actions[bot]", id: 41898282, type: "Bot" };

/** Who asks, and what they may do. */
export interface Caller {
  readonly account: Account;
  readonly permissions: Permissions;
  readonly isAdmin: boolean;
}

export interface Issue {
  readonly number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  stateReason: string | null;
  labels: string[];
  readonly user: Account;
  readonly createdAt: string;
  updatedAt: string;
  closedAt: string | null;
}

export interface Pull extends Issue {
  readonly head: { readonly owner: string; readonly branch: string; sha: string };
  readonly base: string;
  mergedAt: string | null;
  mergeSha: string | null; // the commit on the base that it became
  isDraft: boolean;
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  body: string;
  readonly user: Account;
  readonly createdAt: string;
  updatedAt: string;
}

export interface Status {
  readonly id: number;
  readonly sha: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: Account;
  readonly createdAt: string;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly environment: string;
  readonly description: string | null;
  readonly payload: Record<string, unknown> | string;
  readonly creator: Account;
  readonly createdAt: string;
  readonly statuses: DeploymentStatus[];
}

export interface DeploymentStatus {
  readonly id: number;
  readonly state: string;
  readonly description: string;
  readonly environment: string;
  readonly environmentUrl: string;
  readonly logUrl: string;
  readonly creator: Account;
  readonly createdAt: string;
}

/** A ruleset of the repository: what GitHub asks of every change to the branches. */
export interface Ruleset {
  readonly name: string;
  readonly branches: readonly string[]; // names, or ~DEFAULT_BRANCH, ~ALL
  readonly rules: readonly Rule[];
  /** Logins that may pass, such as an App's `slipway[bot]`. GITHUB_TOKEN never can. */
  readonly bypass?: readonly string[];
  readonly enforcement?: "active" | "evaluate" | "disabled";
}

export type Rule =
  | { readonly type: "pull_request" }
  | { readonly type: "required_status_checks"; readonly contexts: readonly string[] }
  | { readonly type: "required_signatures" }
  | { readonly type: "required_linear_history" }
  | { readonly type: "non_fast_forward" }
  | { readonly type: "creation" }
  | { readonly type: "deletion" };

/** A branch protected by the older branch protection, which GITHUB_TOKEN can't pass. */
export interface ProtectedBranch {
  readonly branch: string;
  readonly bypass?: readonly string[];
}

export interface Runner {
  readonly name: string;
  readonly labels: readonly string[];
  readonly status?: "online" | "offline";
  readonly os?: string;
}

export interface Dispatch {
  readonly by: string; // login
  readonly at: string;
  readonly event: "repository_dispatch" | "workflow_dispatch";
  readonly name: string; // event_type, or the workflow's file
  readonly ref: string | undefined;
  readonly inputs: Record<string, unknown>;
}

export interface Environment {
  readonly name: string;
  readonly variables?: Record<string, string>;
  readonly secrets?: string[];
  /** Whether only some branches may use it. */
  readonly isRestricted?: boolean;
  readonly hasReviewers?: boolean;
}

/** Everything that the emulated GitHub knows besides git. Tests read it, and may change it. */
export interface State {
  readonly owner: string;
  readonly name: string;
  readonly ownerType: "User" | "Organization";
  readonly serverUrl: string;
  readonly git: BareRepository;
  readonly issues: Issue[];
  readonly pulls: Pull[];
  readonly comments: Comment[];
  readonly labels: { name: string; color: string; description: string | null }[];
  readonly statuses: Status[];
  readonly deployments: Deployment[];
  readonly dispatches: Dispatch[];
  readonly signed: Set<string>; // commits that GitHub itself signed
  readonly rulesets: Ruleset[];
  readonly protectedBranches: ProtectedBranch[];
  readonly runners: Runner[];
  readonly variables: Record<string, string>;
  readonly secrets: string[];
  readonly environments: Environment[];
  readonly collaborators: Record<string, "admin" | "write" | "read">;
  readonly workflowPermissions: { default: "read" | "write"; mayCreatePullRequests: boolean };
  nextId: number;
}

export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

/** An open issue with the next number, which issues and pull requests share. */
export function newIssue(
  state: State,
  { title, body, user, labels = [] }: { title: string; body: string | undefined; user: Account; labels?: string[] },
): Issue {
  const at = now();
  const number = Math.max(0, ...[...state.issues, ...state.pulls].map((issue) => issue.number)) + 1;
  return {
    ...{ number, title, body: body ?? null, state: "open", stateReason: null, labels, user },
    ...{ createdAt: at, updatedAt: at, closedAt: null },
  };
}
