import { type Answer, notFound, Refusal } from "./answer.ts";
import type { TreeEntry } from "./bare-repository.ts";
import { type ApiRequest, type Emulated, type Handlers, optionalText, textOf } from "./handlers.ts";
import { page } from "./paging.ts";
import { diffEntry } from "./pulls.ts";
import { type BranchChange, rulesOf, violationOf } from "./rules.ts";
import type { Caller } from "./state.ts";

const largestListed = 1_000_000; // bytes that the contents API gives as base64

/** What is read from git, and refs, trees, blobs and commits written over REST. */
export function contentHandlers({ state, shapes }: Emulated): Handlers {
  const { git } = state;
  const commitOf = async (ref: string | undefined): Promise<string> => {
    const sha = await git.commitOf(ref ?? "main");
    if (sha === undefined) throw new Refusal(422, `No commit found for SHA: ${ref}`);
    return sha;
  };
  const mayChange = (caller: Caller, change: BranchChange) => {
    const violation = violationOf(state, caller, change);
    if (violation) throw new Refusal(422, violation.message);
  };
  const branchOf = (ref: string) => (ref.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : undefined);

  const entryOf = ({ path, sha, size, type }: TreeEntry & { path: string }) => ({
    name: path.split("/").at(-1),
    path,
    sha,
    size: size ?? 0,
    type: type === "tree" ? "dir" : "file",
    _links: { git: null, html: null, self: encodeURI(`${state.serverUrl}/${path}`) },
  });

  const content = async ({ params, url, accept }: ApiRequest): Promise<Answer> => {
    const path = (params["path"] ?? "").replace(/\/$/, "");
    const commit = await git.commitOf(url.searchParams.get("ref") ?? "main");
    if (commit === undefined) throw new Refusal(404, `No commit found for the ref ${url.searchParams.get("ref")}`);
    const sha = await git.resolve(`${commit}:${path}`);
    if (sha === undefined) throw notFound();
    if ((await git.typeOf(sha)) === "tree") {
      const entries = await git.tree(sha);
      const body = entries.map((entry) => entryOf({ ...entry, path: path ? `${path}/${entry.path}` : entry.path }));
      return { status: 200, body };
    }
    const blob = await git.blob(sha);
    if (accept.includes("raw")) return { status: 200, body: blob };
    const isListed = blob.length <= largestListed;
    const body = {
      ...entryOf({ path, sha, size: blob.length, type: "blob", mode: "100644" }),
      encoding: isListed ? "base64" : "none",
      content: isListed ? blob.toString("base64").replace(/.{1,60}/g, "$&\n") : "",
      download_url: null,
    };
    return { status: 200, body };
  };

  return {
    "repos/get-content": content,
    "repos/list-branches": async (request) => {
      const refs = await git.refs("refs/heads/");
      return page(
        refs.map(({ ref, sha }) => ({ name: branchOf(ref), commit: { sha }, protected: isProtected(branchOf(ref)) })),
        request,
      );
    },
    "repos/get-branch": async ({ params }) => {
      const branch = params["branch"] ?? "";
      const sha = await git.resolve(`refs/heads/${branch}`);
      if (sha === undefined) throw new Refusal(404, "Branch not found");
      const commit = shapes.commit(await git.commit(sha));
      const protection = { enabled: isProtected(branch) };
      return { status: 200, body: { name: branch, commit, protected: isProtected(branch), protection } };
    },
    "repos/get-commit": async ({ params }) => ({
      status: 200,
      body: shapes.commit(await git.commit(await commitOf(params["ref"]))),
    }),
    "repos/list-commits": async (request) => {
      const query = request.url.searchParams;
      const head = await git.commitOf(query.get("sha") ?? "main");
      if (head === undefined) throw notFound();
      const path = query.get("path");
      const shas = await git.history(head, { count: 10_000, ...(path ? { path } : {}) });
      const until = query.get("until");
      const since = query.get("since");
      const facts = (await Promise.all(shas.map((sha) => git.commit(sha)))).filter(
        ({ committer }) =>
          (until === null || Date.parse(committer.date) <= Date.parse(until)) &&
          (since === null || Date.parse(committer.date) >= Date.parse(since)),
      );
      return page(facts.map(shapes.commit), request);
    },
    "repos/compare-commits-with-basehead": async (request) => {
      const [base, head] = (request.params["basehead"] ?? "").split("...");
      const from = await git.commitOf(base ?? "");
      const to = await git.commitOf(head ?? "");
      if (from === undefined || to === undefined) throw notFound();
      const merge = await git.text("merge-base", from, to);
      const ahead = (await git.text("rev-list", "--reverse", `${from}..${to}`)).split("\n").filter(Boolean);
      const behind = (await git.text("rev-list", `${to}..${from}`)).split("\n").filter(Boolean);
      const alone = behind.length > 0 ? "behind" : "identical";
      const both = behind.length > 0 ? "diverged" : "ahead";
      const { body, headers } = page(ahead, request);
      const commits = await Promise.all((body as string[]).map((sha) => git.commit(sha)));
      return {
        status: 200,
        headers: headers ?? {},
        body: {
          status: ahead.length > 0 ? both : alone,
          ahead_by: ahead.length,
          behind_by: behind.length,
          total_commits: ahead.length,
          base_commit: shapes.commit(await git.commit(from)),
          merge_base_commit: shapes.commit(await git.commit(merge)),
          commits: commits.map(shapes.commit),
          files: (await git.diff(merge, to)).slice(0, 300).map((file) => diffEntry(file)),
        },
      };
    },
    "git/get-ref": async ({ params }) => {
      const ref = `refs/${params["ref"]}`;
      const [found] = (await git.refs(ref)).filter((candidate) => candidate.ref === ref);
      if (!found) throw notFound();
      return { status: 200, body: shapes.ref(ref, found) };
    },
    "git/list-matching-refs": async ({ params }) => {
      const refs = await git.refs("refs/");
      const found = refs.filter(({ ref }) => ref.startsWith(`refs/${params["ref"]}`));
      return { status: 200, body: found.map((one) => shapes.ref(one.ref, one)) };
    },
    "git/create-ref": async (request) => {
      const ref = textOf(request, "ref");
      const sha = textOf(request, "sha");
      if (!/^refs\/[^/]+\/./.test(ref)) throw new Refusal(422, "Reference name must start with 'refs/'.");
      if ((await git.resolve(sha)) === undefined) throw new Refusal(422, "Object does not exist");
      const branch = branchOf(ref);
      if (branch !== undefined) {
        mayChange(request.caller, { branch, kind: "create", isSigned: state.signed.has(sha) });
      }
      if (!(await git.moveRef(ref, { from: undefined, to: sha }))) throw new Refusal(422, "Reference already exists");
      return { status: 201, body: shapes.ref(ref, { sha, type: "commit" }) };
    },
    "git/update-ref": async (request) => {
      const ref = `refs/${request.params["ref"]}`;
      const sha = textOf(request, "sha");
      const current = await git.resolve(ref);
      if (current === undefined) throw new Refusal(422, "Reference does not exist");
      if ((await git.resolve(`${sha}^{commit}`)) === undefined) throw new Refusal(422, "Object does not exist");
      const isForward = await git.isAncestor(current, sha);
      if (!isForward && request.body["force"] !== true) throw new Refusal(422, "Update is not a fast forward");
      const branch = branchOf(ref);
      const kind = isForward ? "update" : "force";
      if (branch !== undefined) mayChange(request.caller, { branch, kind, isSigned: state.signed.has(sha) });
      if (!(await git.moveRef(ref, { from: current, to: sha }))) throw new Refusal(409, "Reference cannot be updated");
      return { status: 200, body: shapes.ref(ref, { sha, type: "commit" }) };
    },
    "git/delete-ref": async (request) => {
      const ref = `refs/${request.params["ref"]}`;
      if ((await git.resolve(ref)) === undefined) throw new Refusal(422, "Reference does not exist");
      const branch = branchOf(ref);
      if (branch !== undefined) mayChange(request.caller, { branch, kind: "delete", isSigned: true });
      await git.deleteRef(ref);
      return { status: 204 };
    },
    "git/get-commit": async ({ params }) => {
      const sha = await git.resolve(`${params["commit_sha"]}^{commit}`);
      if (sha === undefined) throw notFound();
      return { status: 200, body: shapes.gitCommit(await git.commit(sha)) };
    },
    "git/get-tree": async ({ params, url }) => {
      const sha = await git.resolve(`${params["tree_sha"]}^{tree}`);
      if (sha === undefined) throw notFound();
      const entries = await git.tree(sha, { recursive: url.searchParams.has("recursive") });
      const tree = entries.map(({ size, ...entry }) => ({ ...entry, ...(size === undefined ? {} : { size }) }));
      return { status: 200, body: { sha, truncated: false, tree } };
    },
    "git/get-blob": async ({ params }) => {
      const sha = await git.resolve(params["file_sha"] ?? "");
      if (sha === undefined || (await git.typeOf(sha)) !== "blob") throw notFound();
      const blob = await git.blob(sha);
      return { status: 200, body: { sha, size: blob.length, encoding: "base64", content: blob.toString("base64") } };
    },
    "git/create-blob": async (request) => {
      const encoding = optionalText(request, "encoding") === "base64" ? "base64" : "utf8";
      const [sha] = await git.writeBlobs([Buffer.from(textOf(request, "content"), encoding)]);
      return { status: 201, body: { sha } };
    },
    "git/create-tree": async (request) => {
      const entries = request.body["tree"] as { path: string; mode?: string; sha?: string | null; content?: string }[];
      const additions = [];
      for (const { path, mode, sha, content: text } of entries) {
        if (sha === null) continue;
        const bytes = typeof sha === "string" ? await git.blob(sha) : Buffer.from(text ?? "");
        additions.push({ path, content: bytes, ...(mode ? { mode } : {}) });
      }
      const deletions = entries.filter(({ sha }) => sha === null).map(({ path }) => path);
      const sha = await git.writeTree(optionalText(request, "base_tree"), { additions, deletions });
      return { status: 201, body: { sha, truncated: false, tree: [] } };
    },
    "git/create-commit": async (request) => {
      const parents = (request.body["parents"] ?? []) as string[];
      const { account } = request.caller;
      const own = { name: account.login, email: `${account.id}+${account.login}@users.noreply.github.com` };
      const author = (request.body["author"] as typeof own | undefined) ?? own;
      const committer = (request.body["committer"] as typeof own | undefined) ?? author;
      const message = textOf(request, "message");
      const sha = await git.writeCommit(textOf(request, "tree"), { parents, message, author, committer });
      // GitHub signs for a bot that names nobody else
      if (account.type === "Bot" && author === own && committer === own) state.signed.add(sha);
      return { status: 201, body: shapes.gitCommit(await git.commit(sha)) };
    },
  };

  function isProtected(branch = ""): boolean {
    const isByRule = rulesOf(state, branch).length > 0;
    return isByRule || state.protectedBranches.some((one) => one.branch === branch);
  }
}
