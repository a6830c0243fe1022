/** What a token may do, by the names that a workflow's `permissions` and GitHub's documentation use. */
export type Permissions = { readonly [permission: string]: "read" | "write" };

/** Any one of `anyOf` suffices; none needed where it is empty. Every token may read a repository's metadata. */
interface Need {
  readonly anyOf: readonly string[];
  readonly access: "read" | "write";
}

const metadata: Need = { anyOf: [], access: "read" };
const read = (...anyOf: string[]): Need => ({ anyOf, access: "read" });
const write = (...anyOf: string[]): Need => ({ anyOf, access: "write" });

/** Source: https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps */
const needs: Record<string, Need> = {
  "actions/create-workflow-dispatch": write("actions"),
  "actions/download-artifact": read("actions"),
  "actions/get-github-actions-default-workflow-permissions-repository": read("administration"),
  "actions/get-github-actions-permissions-repository": read("administration"),
  "actions/list-environment-secrets": read("environments"),
  "actions/list-environment-variables": read("environments"),
  "actions/list-repo-secrets": read("secrets"),
  "actions/list-repo-variables": read("actions_variables"),
  "actions/list-self-hosted-runners-for-repo": read("administration"),
  "actions/list-workflow-run-artifacts": read("actions"),
  "git/create-blob": write("contents"),
  "git/create-commit": write("contents"),
  "git/create-ref": write("contents"),
  "git/create-tree": write("contents"),
  "git/delete-ref": write("contents"),
  "git/get-blob": read("contents"),
  "git/get-commit": read("contents"),
  "git/get-ref": read("contents"),
  "git/get-tree": read("contents"),
  "git/list-matching-refs": read("contents"),
  "git/update-ref": write("contents"),
  "issues/add-labels": write("issues", "pull-requests"),
  "issues/create": write("issues"),
  "issues/create-comment": write("issues", "pull-requests"),
  "issues/create-label": write("issues", "pull-requests"),
  "issues/delete-comment": write("issues", "pull-requests"),
  "issues/get": read("issues"),
  "issues/get-label": read("issues", "pull-requests"),
  "issues/list-comments": read("issues", "pull-requests"),
  "issues/list-for-repo": read("issues"),
  "issues/list-labels-for-repo": read("issues", "pull-requests"),
  "issues/update": write("issues", "pull-requests"),
  "issues/update-comment": write("issues", "pull-requests"),
  "pulls/create": write("pull-requests"),
  "pulls/get": read("pull-requests", "contents"),
  "pulls/list": read("pull-requests"),
  "pulls/list-files": read("pull-requests"),
  "pulls/update": write("pull-requests"),
  "repos/compare-commits-with-basehead": read("contents"),
  "repos/create-commit-status": write("statuses"),
  "repos/create-deployment": write("deployments"),
  "repos/create-deployment-status": write("deployments"),
  "repos/create-dispatch-event": write("contents"),
  "repos/get": metadata,
  "repos/get-all-environments": read("actions"),
  "repos/get-branch": read("contents"),
  "repos/get-branch-protection": read("administration"),
  "repos/get-branch-rules": metadata,
  "repos/get-collaborator-permission-level": metadata,
  "repos/get-combined-status-for-ref": read("statuses"),
  "repos/get-commit": read("contents"),
  "repos/get-content": read("contents"),
  "repos/get-environment": read("actions"),
  "repos/get-repo-ruleset": metadata,
  "repos/get-repo-rulesets": metadata,
  "repos/list-branches": read("contents"),
  "repos/list-commits": read("contents"),
  "repos/list-commit-statuses-for-ref": read("statuses"),
  "repos/list-deployments": read("deployments"),
  "repos/list-deployment-statuses": read("deployments"),
  "repos/list-pull-requests-associated-with-commit": read("pull-requests"),
  "users/get-authenticated": metadata,
};

/** The operations that the emulator plays, by GitHub's own operation ids. */
export const operations: readonly string[] = Object.keys(needs);

/** Whether these permissions suffice for an operation. */
export function isAllowed(operation: string, permissions: Permissions): boolean {
  const need = needs[operation];
  if (!need) throw new Error(`no permission is known for ${operation}`);
  return need.anyOf.length === 0 || need.anyOf.some((name) => grants(permissions, name, need.access));
}

/** Whether the permission is held; writing includes reading. */
export function grants(permissions: Permissions, name: string, access: "read" | "write"): boolean {
  const held = permissions[name];
  return held === "write" || held === access;
}

/** `permissions: read-all` of a workflow. */
export const readAll: Permissions = workflowPermissions("read");
/** `permissions: write-all` of a workflow. */
export const writeAll: Permissions = workflowPermissions("write");
/** What a repository's administrator can do by a token of their own. */
export const admin: Permissions = {
  ...writeAll,
  administration: "write",
  actions_variables: "write",
  environments: "write",
  secrets: "write",
};

function workflowPermissions(access: "read" | "write"): Permissions {
  const names = ["actions", "checks", "contents", "deployments", "issues", "packages", "pull-requests", "statuses"];
  return Object.fromEntries(names.map((name) => [name, access]));
}
