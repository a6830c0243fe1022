import { invalid, notFound, Refusal } from "./answer.ts";
import { checkDispatch } from "./dispatch-inputs.ts";
import { type ApiRequest, type Emulated, type Handlers, numberParam, optionalText, textOf } from "./handlers.ts";
import { page, paged } from "./paging.ts";
import { grants, type Permissions } from "./permissions.ts";
import { rulesOf } from "./rules.ts";
import { type Environment, now, type Rule, type Status } from "./state.ts";

const longestDescription = 140;
const mostStatuses = 1000; // of one context on one commit

/** The repository itself: settings, rules, statuses, deployments, dispatches. */
export function repositoryHandlers({ state, shapes }: Emulated): Handlers {
  const { git } = state;
  const latest = (sha: string): Status[] => {
    const newest = new Map<string, Status>();
    for (const status of state.statuses.filter((one) => one.sha === sha)) newest.set(status.context, status);
    return [...newest.values()];
  };
  const commitOf = async (ref: string | undefined): Promise<string> => {
    const sha = await git.commitOf(ref ?? "");
    if (sha === undefined) throw new Refusal(422, `No commit found for SHA: ${ref}`);
    return sha;
  };
  const deploymentOf = (request: ApiRequest) => {
    const id = numberParam(request, "deployment_id");
    const found = state.deployments.find((deployment) => deployment.id === id);
    if (!found) throw notFound();
    return found;
  };
  const envelope = (key: string, all: readonly unknown[], request: ApiRequest) => {
    const { items, headers } = paged(all, request);
    return { status: 200, headers, body: { total_count: all.length, [key]: items } };
  };
  const dated = (name: string) => ({ name, created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" });
  const ruleset = (index: number) => {
    const { name, enforcement = "active", bypass: _, branches, rules } = state.rulesets[index] ?? notThere();
    return {
      id: index + 1,
      name,
      enforcement,
      target: "branch",
      source_type: "Repository",
      source: `${state.owner}/${state.name}`,
      conditions: { ref_name: { include: branches.map(pattern), exclude: [] } },
      rules: rules.map(ruleBody),
    };
  };

  return {
    "repos/get": ({ caller }) => ({
      status: 200,
      body: { ...shapes.repository(), permissions: repositoryPermissions(caller.permissions, caller.isAdmin) },
    }),
    "users/get-authenticated": ({ caller }) => {
      if (caller.account.type === "Bot") throw new Refusal(403, "Resource not accessible by integration");
      return { status: 200, body: shapes.account(caller.account) };
    },
    "repos/get-branch-rules": (request) => {
      const rules = rulesOf(state, request.params["branch"] ?? "").map(({ rule, id }) => ({
        ...ruleBody(rule),
        ruleset_id: id,
        ruleset_source_type: "Repository",
        ruleset_source: `${state.owner}/${state.name}`,
      }));
      return page(rules, request);
    },
    "repos/get-repo-rulesets": (request) => {
      const all = state.rulesets.map((_, index) => {
        const { rules: __, conditions: ___, ...short } = ruleset(index);
        return short;
      });
      return page(all, request);
    },
    "repos/get-repo-ruleset": (request) => ({ status: 200, body: ruleset(numberParam(request, "ruleset_id") - 1) }),
    "repos/get-branch-protection": ({ params }) => {
      const found = state.protectedBranches.find(({ branch }) => branch === params["branch"]);
      if (!found) throw new Refusal(404, "Branch not protected");
      return { status: 200, body: { url: `${state.serverUrl}/protection`, enforce_admins: undefined } };
    },
    "repos/get-collaborator-permission-level": ({ params }) => {
      const permission = state.collaborators[params["username"] ?? ""] ?? "none";
      const user = shapes.account({ login: params["username"] ?? "", id: 4, type: "User" });
      return { status: 200, body: { permission, role_name: permission, user } };
    },
    "repos/create-commit-status": async (request) => {
      const description = optionalText(request, "description") ?? null;
      if ((description?.length ?? 0) > longestDescription) {
        const message = `description is too long (maximum is ${longestDescription} characters)`;
        throw invalid("Status", { code: "custom", field: "description", message });
      }
      const sha = await commitOf(request.params["sha"]);
      const context = optionalText(request, "context") ?? "default";
      if (state.statuses.filter((one) => one.sha === sha && one.context === context).length >= mostStatuses) {
        const message = "This SHA and context has reached the maximum number of statuses.";
        throw invalid("Status", { code: "custom", message });
      }
      const status: Status = {
        id: state.nextId++,
        sha,
        state: textOf(request, "state") as Status["state"],
        context,
        description,
        targetUrl: optionalText(request, "target_url") ?? null,
        creator: request.caller.account,
        createdAt: now(),
      };
      state.statuses.push(status);
      return { status: 201, body: shapes.status(status) };
    },
    "repos/list-commit-statuses-for-ref": async (request) => {
      const sha = await commitOf(request.params["ref"]);
      return page(
        state.statuses
          .filter((one) => one.sha === sha)
          .reverse()
          .map(shapes.status),
        request,
      );
    },
    "repos/get-combined-status-for-ref": async (request) => {
      const sha = await commitOf(request.params["ref"]);
      const statuses = latest(sha);
      const { items, headers } = paged(statuses, request);
      const body = {
        sha,
        state: combined(statuses),
        total_count: statuses.length,
        statuses: items.map(({ ...status }) => ({ ...shapes.status(status), creator: undefined })),
        repository: shapes.repository(),
      };
      return { status: 200, headers, body };
    },
    "repos/list-deployments": (request) => {
      const query = request.url.searchParams;
      const found = state.deployments.filter(
        (one) =>
          (!query.get("environment") || one.environment === query.get("environment")) &&
          (!query.get("sha") || one.sha === query.get("sha")) &&
          (!query.get("ref") || one.ref === query.get("ref")) &&
          (!query.get("task") || one.task === query.get("task")),
      );
      return page(found.reverse().map(shapes.deployment), request);
    },
    "repos/create-deployment": async (request) => {
      const ref = textOf(request, "ref");
      const deployment = {
        id: state.nextId++,
        sha: await commitOf(ref),
        ref,
        task: optionalText(request, "task") ?? "deploy",
        environment: optionalText(request, "environment") ?? "production",
        description: optionalText(request, "description") ?? null,
        payload: (request.body["payload"] ?? {}) as Record<string, unknown>,
        creator: request.caller.account,
        createdAt: now(),
        statuses: [],
      };
      state.deployments.push(deployment);
      return { status: 201, body: shapes.deployment(deployment) };
    },
    "repos/list-deployment-statuses": (request) => {
      const deployment = deploymentOf(request);
      const statuses = [...deployment.statuses].reverse();
      return page(
        statuses.map((status) => shapes.deploymentStatus(status, deployment)),
        request,
      );
    },
    "repos/create-deployment-status": (request) => {
      const deployment = deploymentOf(request);
      const description = optionalText(request, "description") ?? "";
      if (description.length > longestDescription) {
        const message = `description is too long (maximum is ${longestDescription} characters)`;
        throw invalid("DeploymentStatus", { code: "custom", field: "description", message });
      }
      const status = {
        id: state.nextId++,
        state: textOf(request, "state"),
        description,
        environment: optionalText(request, "environment") ?? deployment.environment,
        environmentUrl: optionalText(request, "environment_url") ?? "",
        logUrl: optionalText(request, "log_url") ?? optionalText(request, "target_url") ?? "",
        creator: request.caller.account,
        createdAt: now(),
      };
      deployment.statuses.push(status);
      return { status: 201, body: shapes.deploymentStatus(status, deployment) };
    },
    "repos/create-dispatch-event": (request) => {
      const inputs = (request.body["client_payload"] ?? {}) as Record<string, unknown>;
      if (Object.keys(inputs).length > 10)
        throw new Refusal(422, "Invalid request.\n\nNo more than 10 properties are allowed; 11 were supplied.");
      state.dispatches.push({
        by: request.caller.account.login,
        at: now(),
        event: "repository_dispatch",
        name: textOf(request, "event_type"),
        ref: undefined,
        inputs,
      });
      return { status: 204 };
    },
    "actions/create-workflow-dispatch": async (request) => {
      const workflow = request.params["workflow_id"] ?? "";
      const ref = textOf(request, "ref");
      const commit = await git.commitOf(ref);
      if (commit === undefined) throw new Refusal(422, `No ref found for: ${ref}`);
      const file = await git.resolve(`${commit}:.github/workflows/${workflow}`);
      if (file === undefined) throw notFound();
      const inputs = (request.body["inputs"] ?? {}) as Record<string, unknown>;
      checkDispatch((await git.blob(file)).toString("utf8"), inputs);
      const by = request.caller.account.login;
      state.dispatches.push({ by, at: now(), event: "workflow_dispatch", name: workflow, ref, inputs });
      return { status: 204 };
    },
    "repos/get-all-environments": (request) =>
      envelope("environments", state.environments.map(environmentBody), request),
    "repos/get-environment": ({ params }) => {
      const index = state.environments.findIndex(({ name }) => name === params["environment_name"]);
      const found = state.environments[index];
      if (!found) throw notFound();
      return { status: 200, body: environmentBody(found, index) };
    },
    "actions/list-self-hosted-runners-for-repo": (request) =>
      envelope(
        "runners",
        state.runners.map((runner, index) => shapes.runner(runner, index + 1)),
        request,
      ),
    "actions/list-repo-variables": (request) =>
      envelope(
        "variables",
        Object.entries(state.variables).map(([name, value]) => ({ ...dated(name), value })),
        request,
      ),
    "actions/list-repo-secrets": (request) => envelope("secrets", state.secrets.map(dated), request),
    "actions/list-environment-secrets": (request) =>
      envelope("secrets", (environmentOf(request).secrets ?? []).map(dated), request),
    "actions/list-environment-variables": (request) => {
      const variables = Object.entries(environmentOf(request).variables ?? {});
      return envelope(
        "variables",
        variables.map(([name, value]) => ({ ...dated(name), value })),
        request,
      );
    },
    "actions/get-github-actions-permissions-repository": () => ({
      status: 200,
      body: { enabled: true, allowed_actions: "all" },
    }),
    "actions/get-github-actions-default-workflow-permissions-repository": () => ({
      status: 200,
      body: {
        default_workflow_permissions: state.workflowPermissions.default,
        can_approve_pull_request_reviews: state.workflowPermissions.mayCreatePullRequests,
      },
    }),
  };

  function environmentBody({ name, isRestricted = false, hasReviewers = false }: Environment, index: number) {
    const rule = (type: string, id: number) => ({ id, node_id: `R_${id}`, type });
    return {
      id: index + 1,
      ...dated(name),
      protection_rules: [
        ...(isRestricted ? [rule("branch_policy", 1)] : []),
        ...(hasReviewers ? [{ ...rule("required_reviewers", 2), prevent_self_review: false, reviewers: [] }] : []),
      ],
      deployment_branch_policy: isRestricted ? { protected_branches: false, custom_branch_policies: true } : null,
    };
  }

  function environmentOf(request: ApiRequest) {
    const found = state.environments.find(({ name }) => name === request.params["environment_name"]);
    if (!found) throw notFound();
    return found;
  }
}

function notThere(): never {
  throw notFound();
}

function pattern(branch: string): string {
  return branch.startsWith("~") ? branch : `refs/heads/${branch}`;
}

function ruleBody(rule: Rule): Record<string, unknown> {
  if (rule.type === "pull_request") {
    const parameters = {
      dismiss_stale_reviews_on_push: false,
      require_code_owner_review: false,
      require_last_push_approval: false,
      required_approving_review_count: 1,
      required_review_thread_resolution: false,
    };
    return { type: rule.type, parameters };
  }
  if (rule.type !== "required_status_checks") return { type: rule.type };
  const parameters = {
    strict_required_status_checks_policy: false,
    required_status_checks: rule.contexts.map((context) => ({ context })),
  };
  return { type: rule.type, parameters };
}

function combined(statuses: readonly Status[]): string {
  if (statuses.some(({ state }) => state === "error" || state === "failure")) return "failure";
  return statuses.length > 0 && statuses.every(({ state }) => state === "success") ? "success" : "pending";
}

function repositoryPermissions(permissions: Permissions, isAdmin: boolean) {
  const push = grants(permissions, "contents", "write");
  return { admin: isAdmin, maintain: isAdmin, push, triage: push, pull: true };
}
