import { invalid, notFound, Refusal } from "./answer.ts";
import { type ApiRequest, type Emulated, type Handlers, numberParam, optionalText, textOf } from "./handlers.ts";
import { checkBody, checkTitle } from "./issues.ts";
import { page } from "./paging.ts";
import { newIssue, now, type Pull } from "./state.ts";

/** Pull requests. Their heads follow the branches of this repository. */
export function pullHandlers({ state, shapes }: Emulated): Handlers {
  const { git } = state;
  const shape = async (pull: Pull) => {
    await follow(pull);
    return shapes.pull(pull, (await git.commitOf(pull.base)) ?? pull.head.sha);
  };
  const follow = async (pull: Pull) => {
    if (pull.state === "closed" || pull.head.owner !== state.owner) return;
    pull.head.sha = (await git.resolve(`refs/heads/${pull.head.branch}`)) ?? pull.head.sha;
  };
  const find = (request: ApiRequest): Pull => {
    const number = numberParam(request, "pull_number");
    const found = state.pulls.find((pull) => pull.number === number);
    if (!found) throw notFound();
    return found;
  };
  const headOf = (text: string): { owner: string; branch: string } => {
    const [owner = "", branch] = text.split(":");
    return branch === undefined ? { owner: state.owner, branch: owner } : { owner, branch };
  };

  return {
    "pulls/list": async (request) => {
      const query = request.url.searchParams;
      const wanted = query.get("state") ?? "open";
      const head = query.get("head");
      const base = query.get("base");
      const found = state.pulls
        .filter((pull) => wanted === "all" || pull.state === wanted)
        .filter((pull) => !head?.includes(":") || `${pull.head.owner}:${pull.head.branch}` === head)
        .filter((pull) => base === null || pull.base === base)
        .sort((one, other) => other.number - one.number);
      const bodies = await Promise.all(found.map(shape));
      return page(bodies.map(simple), request);
    },
    "pulls/get": async (request) => ({ status: 200, body: await shape(find(request)) }),
    "pulls/create": async (request) => {
      if (request.caller.account.login === "github-actions[bot]" && !state.workflowPermissions.mayCreatePullRequests) {
        throw new Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.");
      }
      const head = headOf(textOf(request, "head"));
      const base = textOf(request, "base");
      const title = optionalText(request, "title") ?? "";
      checkTitle(title, "PullRequest");
      checkBody(optionalText(request, "body"), "PullRequest");
      const baseSha = await git.resolve(`refs/heads/${base}`);
      const sha = await git.resolve(`refs/heads/${head.branch}`);
      if (baseSha === undefined) throw invalid("PullRequest", { code: "invalid", field: "base" });
      if (sha === undefined) throw invalid("PullRequest", { code: "invalid", field: "head" });
      if (await git.isAncestor(sha, baseSha)) {
        const message = `No commits between ${base} and ${head.branch}`;
        throw invalid("PullRequest", { code: "custom", message });
      }
      const isThere = state.pulls.some(
        (pull) => pull.state === "open" && pull.base === base && pull.head.branch === head.branch,
      );
      if (isThere) {
        const message = `A pull request already exists for ${head.owner}:${head.branch}.`;
        throw invalid("PullRequest", { code: "custom", message });
      }
      const body = optionalText(request, "body");
      const pull: Pull = {
        ...newIssue(state, { title, body, user: request.caller.account }),
        head: { ...head, sha },
        base,
        mergedAt: null,
        mergeSha: null,
        isDraft: request.body["draft"] === true,
      };
      state.pulls.push(pull);
      return { status: 201, body: await shape(pull) };
    },
    "pulls/update": async (request) => {
      const pull = find(request);
      checkBody(optionalText(request, "body"), "PullRequest");
      const wanted = optionalText(request, "state");
      pull.title = optionalText(request, "title") ?? pull.title;
      pull.body = optionalText(request, "body") ?? pull.body;
      if (wanted === "open" || wanted === "closed") {
        pull.state = wanted;
        pull.closedAt = wanted === "closed" ? now() : null;
      }
      pull.updatedAt = now();
      return { status: 200, body: await shape(pull) };
    },
    "pulls/list-files": async (request) => {
      const pull = find(request);
      await follow(pull);
      const base = await git.text("merge-base", pull.base, pull.head.sha);
      const files = await git.diff(base, pull.head.sha);
      return page(
        files.map((file) => diffEntry(file)),
        request,
      );
    },
    "repos/list-pull-requests-associated-with-commit": async (request) => {
      const sha = await git.commitOf(request.params["commit_sha"] ?? "");
      if (sha === undefined) throw new Refusal(422, `No commit found for SHA: ${request.params["commit_sha"]}`);
      const found = [];
      for (const pull of state.pulls) {
        await follow(pull);
        const [last, base] = pull.mergeSha
          ? [pull.mergeSha, `${pull.mergeSha}^1`]
          : [pull.head.sha, await git.text("merge-base", pull.base, pull.head.sha)];
        if ((await git.isAncestor(sha, last)) && !(await git.isAncestor(sha, base))) found.push(pull);
      }
      const bodies = await Promise.all(found.map(shape));
      return page(bodies.map(simple), request);
    },
  };
}

/** A changed file as the REST answers tell it. */
export function diffEntry(file: { filename: string; status: string; additions: number; deletions: number }) {
  return { ...file, changes: file.additions + file.deletions, sha: null };
}

// what a list tells of a pull request
function simple(body: Record<string, unknown>): Record<string, unknown> {
  const { merged: _, mergeable: __, mergeable_state: ___, comments: ____, ...rest } = body;
  return rest;
}
