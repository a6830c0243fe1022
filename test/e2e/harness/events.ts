import { getOctokit } from "@actions/github";
import type { GitHubHub } from "#test/parts/github/start.ts";
import { type Account, newIssue, now, type Pull } from "#test/parts/github/state.ts";
import type { Run } from "./act.ts";

/** Something that happens on GitHub, as a workflow sees it. */
export interface Event {
  readonly name: "push" | "pull_request" | "workflow_dispatch" | "schedule" | "repository_dispatch" | "workflow_run";
  readonly sha: string; // GITHUB_SHA
  readonly ref: string; // GITHUB_REF
  readonly branch: string; // that `branches` filters look at
  readonly changedPaths: readonly string[];
  readonly type: string | undefined; // `types`
  readonly workflow: string | undefined; // whose end this is
  readonly file: string | undefined; // of the one workflow that a dispatch by hand names, or whose schedule it is
  readonly actor: string;
  /** A run without secrets and variables, whose token only reads. */
  readonly isFork: boolean;
  readonly payload: Record<string, unknown>;
}

export interface OpenedPull {
  readonly branch: string;
  readonly sha: string;
  readonly from?: string; // owner of the fork
  readonly user?: Account;
  readonly title?: string;
}

/** Who pushes, asks and dispatches where nobody else is named. */
export const ada = { login: "ada", id: 11, type: "User", name: "Ada Lovelace", email: "ada@example.com" } as const;

const noTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"; // git's empty tree

/** What can happen in the repository of an emulated GitHub. */
export function createEvents(hub: GitHubHub) {
  const { git } = hub;
  const { owner, name } = hub.repository;

  const mainHead = async () => (await git.resolve("refs/heads/main")) ?? "";
  const onMain = async () => ({ sha: await mainHead(), ref: "refs/heads/main", branch: "main" });
  const changed = async (from: string, to: string) => (await git.diff(from, to)).map(({ filename }) => filename);

  const repository = (of = owner) => ({
    id: of === owner ? 1 : 2,
    name,
    full_name: `${of}/${name}`,
    default_branch: "main",
    fork: of !== owner,
    html_url: `${hub.serverUrl}/${of}/${name}`,
    owner: { login: of },
  });

  const pullRequest = (pull: Pull) => ({
    number: pull.number,
    title: pull.title,
    user: { login: pull.user.login },
    head: { sha: pull.head.sha, ref: pull.head.branch, repo: repository(pull.head.owner) },
    base: { ref: pull.base, repo: repository() },
  });

  const base = (event: Pick<Event, "name" | "sha" | "ref" | "branch">, payload: Record<string, unknown>): Event => ({
    ...event,
    changedPaths: [],
    type: undefined,
    workflow: undefined,
    file: undefined,
    actor: ada.login,
    isFork: false,
    payload: { repository: repository(), sender: { login: ada.login }, ...payload },
  });

  async function asDispatched({ file, inputs }: { file: string; inputs: Record<string, unknown> }): Promise<Event> {
    const event = base({ name: "workflow_dispatch", ...(await onMain()) }, { inputs, ref: "refs/heads/main" });
    return { ...event, file };
  }

  /** A push that moved main from `before` to where it is now; of its first commit where that is `before` itself. */
  async function pushed(before: string): Promise<Event> {
    const here = await onMain();
    const from = await git.text("rev-parse", before);
    const event = base({ name: "push", ...here }, { ref: here.ref, before: from, after: here.sha });
    return { ...event, changedPaths: await changed(from === here.sha ? noTree : from, here.sha) };
  }

  return {
    pushed,

    /** Opens a pull request of a branch here, or of a fork whose commit is `sha`. */
    openPull({ branch, sha, from = owner, user = ada, title = "Change iris" }: OpenedPull): Pull {
      const pull: Pull = {
        ...newIssue(hub.state, { title, body: undefined, user }),
        ...{ base: "main", mergedAt: null, mergeSha: null, isDraft: false },
        head: { owner: from, branch, sha },
      };
      hub.state.pulls.push(pull);
      return pull;
    },

    /** New commits of a pull request, merged with main as GitHub does it. */
    async synchronized(pull: Pull): Promise<Event> {
      const isFork = pull.head.owner !== owner;
      if (!isFork) pull.head.sha = (await git.commitOf(pull.head.branch)) ?? pull.head.sha;
      const main = await mainHead();
      const parents = [main, pull.head.sha];
      const tree = await git.text("merge-tree", "--write-tree", ...parents);
      const message = `Merge ${pull.head.sha} into ${main}`;
      const sha = await git.writeCommit(tree, { parents, message, author: ada, committer: ada });
      const ref = `refs/pull/${pull.number}/merge`;
      await git.text("update-ref", ref, sha);
      await git.text("update-ref", `refs/pull/${pull.number}/head`, pull.head.sha);
      const payload = { action: "synchronize", number: pull.number, pull_request: pullRequest(pull) };
      const event = base({ name: "pull_request", sha, ref, branch: pull.base }, payload);
      const changedPaths = await changed(main, sha);
      return { ...event, type: "synchronize", changedPaths, actor: pull.user.login, isFork };
    },

    /** A pull request merged by a person, as a merge commit; returns the push to main that it is. */
    async merged(pull: Pull): Promise<Event> {
      const main = await mainHead();
      pull.head.sha = (await git.commitOf(pull.head.branch)) ?? pull.head.sha;
      const parents = [main, pull.head.sha];
      const tree = await git.text("merge-tree", "--write-tree", ...parents);
      const message = `Merge pull request #${pull.number} from ${pull.head.owner}/${pull.head.branch}`;
      const sha = await git.writeCommit(tree, { parents, message, author: ada, committer: ada });
      await git.moveRef("refs/heads/main", { from: main, to: sha });
      Object.assign(pull, { state: "closed", mergedAt: now(), mergeSha: sha });
      return await pushed(main);
    },

    /** A dispatch by hand. Throws what GitHub's API says where it refuses the inputs. */
    async dispatched(inputs: Record<string, string>, file = "pipeline.yml"): Promise<Event> {
      const api = getOctokit(hub.token({ actions: "write" }, ada), { baseUrl: hub.apiUrl });
      const on = { owner, repo: name, workflow_id: file, ref: "main" };
      await api.rest.actions.createWorkflowDispatch({ ...on, inputs });
      return asDispatched({ file, inputs });
    },

    /** A dispatch that the API has taken already. */
    asDispatched,

    /** The time that a workflow's own schedule names has come. */
    async scheduled(file = "pipeline.yml"): Promise<Event> {
      return { ...base({ name: "schedule", ...(await onMain()) }, { schedule: "0 0 * * *" }), file };
    },

    async repositoryDispatched(type: string, told: Record<string, unknown> = {}): Promise<Event> {
      const payload = { action: type, branch: "main", client_payload: told };
      return { ...base({ name: "repository_dispatch", ...(await onMain()) }, payload), type };
    },

    /** The end of a run, which `workflow_run` waits for. */
    async ended(run: Run, event: Event): Promise<Event> {
      const pull = event.payload["pull_request"] as ReturnType<typeof pullRequest> | undefined;
      const workflowRun = {
        id: run.id,
        name: run.workflow,
        event: event.name,
        status: "completed",
        conclusion: run.conclusion,
        head_branch: pull?.head.ref ?? event.branch,
        head_sha: pull?.head.sha ?? event.sha,
        html_url: `${hub.serverUrl}/${owner}/${name}/actions/runs/${run.id}`,
        head_repository: pull?.head.repo ?? repository(),
        actor: { login: event.actor },
        pull_requests: [], // GitHub leaves it empty for forks
      };
      const payload = { action: "completed", workflow_run: workflowRun };
      const made = base({ name: "workflow_run", ...(await onMain()) }, payload);
      return { ...made, type: "completed", workflow: run.workflow };
    },
  };
}
