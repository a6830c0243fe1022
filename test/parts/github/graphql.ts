import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildSchema, GraphQLError, type GraphQLSchema, graphql } from "graphql";
import type { CommitFacts } from "./bare-repository.ts";
import { grants } from "./permissions.ts";
import { violationOf } from "./rules.ts";
import type { Caller, State } from "./state.ts";

const schemaPath = join(import.meta.dirname, "../../node_modules/@octokit/graphql-schema/schema.graphql");

interface CommitInput {
  readonly clientMutationId?: string;
  readonly branch: { readonly repositoryNameWithOwner?: string; readonly branchName?: string; readonly id?: string };
  readonly expectedHeadOid: string;
  readonly message: { readonly headline: string; readonly body?: string };
  readonly fileChanges?: {
    readonly additions?: readonly { readonly path: string; readonly contents: string }[];
    readonly deletions?: readonly { readonly path: string }[];
  };
}

interface RefsInput {
  readonly clientMutationId?: string;
  readonly repositoryId: string;
  readonly refUpdates: readonly {
    readonly name: string;
    readonly beforeOid?: string;
    readonly afterOid: string;
    readonly force: boolean;
  }[];
}

const nothing = "0".repeat(40); // as an object's id: no ref
const repositoryId = "R_1";
let schema: GraphQLSchema | undefined;

async function githubSchema(): Promise<GraphQLSchema> {
  schema ??= buildSchema(await readFile(schemaPath, "utf8"), { assumeValid: true });
  return schema;
}

/** Answers GraphQL by GitHub's official schema over the repository. */
export function createGraphql(state: State) {
  const { git } = state;

  const commit = async (sha: string): Promise<object> => {
    const facts = await git.commit(sha);
    return { ...commitFields(facts), ...commitLinks(facts) };
  };

  const commitFields = (facts: CommitFacts) => ({
    __typename: "Commit",
    id: `C_${facts.sha}`,
    oid: facts.sha,
    abbreviatedOid: facts.sha.slice(0, 7),
    url: `${state.serverUrl}/${state.owner}/${state.name}/commit/${facts.sha}`,
    message: facts.message,
    messageHeadline: facts.message.split("\n", 1)[0],
    messageBody: facts.message.split("\n").slice(1).join("\n").trim(),
    committedDate: facts.committer.date,
    authoredDate: facts.author.date,
    author: actor(facts.author),
    committer: actor(facts.committer),
    signature: state.signed.has(facts.sha)
      ? {
          __typename: "GpgSignature",
          isValid: true,
          state: "VALID",
          wasSignedByGitHub: true,
          email: "noreply@github.com",
        }
      : null,
  });

  const commitLinks = (facts: CommitFacts) => ({
    tree: () => tree(facts.tree),
    file: ({ path }: { path: string }) => entryAt(facts.sha, path),
    parents: async ({ first = 100 }: { first?: number }) => {
      const nodes = await Promise.all(facts.parents.slice(0, first).map((sha) => commit(sha)));
      return { nodes, totalCount: facts.parents.length };
    },
    history: async (options: { first?: number; after?: string; path?: string; since?: string; until?: string }) => {
      const skip = options.after ? Number(options.after.split(" ").at(-1)) + 1 : 0;
      const count = options.first ?? 100;
      if (count > 100)
        throw new GraphQLError(
          "Requesting more than 100 records on the `history` connection exceeds the limit of 100 records.",
        );
      const filters = [
        ...(options.until ? [`--until=${options.until}`] : []),
        ...(options.since ? [`--since=${options.since}`] : []),
      ];
      const path = options.path ? ["--", options.path] : [];
      const all = (await git.text("rev-list", ...filters, facts.sha, ...path)).split("\n").filter(Boolean);
      const nodes = await Promise.all(all.slice(skip, skip + count).map((sha) => commit(sha)));
      const end = skip + nodes.length - 1;
      return {
        nodes,
        edges: nodes.map((node, index) => ({ node, cursor: `${facts.sha} ${skip + index}` })),
        totalCount: all.length,
        pageInfo: {
          hasNextPage: end + 1 < all.length,
          hasPreviousPage: skip > 0,
          endCursor: nodes.length > 0 ? `${facts.sha} ${end}` : null,
          startCursor: nodes.length > 0 ? `${facts.sha} ${skip}` : null,
        },
      };
    },
  });

  const actor = ({ name, email, date }: { name: string; email: string; date: string }) => ({ name, email, date });

  const tree = async (sha: string) => ({
    __typename: "Tree",
    id: `T_${sha}`,
    oid: sha,
    abbreviatedOid: sha.slice(0, 7),
    entries: async () =>
      (await git.tree(sha)).map((entry) => ({
        name: entry.path,
        path: entry.path,
        oid: entry.sha,
        type: entry.type,
        mode: Number.parseInt(entry.mode, 8),
        size: entry.size ?? 0,
        object: () => object(entry.sha),
      })),
  });

  const blob = async (sha: string) => {
    const content = await git.blob(sha);
    const isBinary = content.includes(0);
    return {
      __typename: "Blob",
      id: `B_${sha}`,
      oid: sha,
      abbreviatedOid: sha.slice(0, 7),
      byteSize: content.length,
      isBinary,
      isTruncated: false,
      text: isBinary ? null : content.toString("utf8"),
    };
  };

  const object = async (expression: string | undefined): Promise<unknown> => {
    const sha = expression === undefined ? undefined : await git.resolve(expression);
    if (sha === undefined) return null;
    const type = await git.typeOf(sha);
    if (type === "commit") return commit(sha);
    return type === "tree" ? tree(sha) : blob(sha);
  };

  const entryAt = async (sha: string, path: string) => {
    const found = await git.resolve(`${sha}:${path}`);
    return found ? { path, name: path.split("/").at(-1), oid: found, object: () => object(found) } : null;
  };

  const ref = async (name: string) => {
    const qualified = name.startsWith("refs/") ? name : `refs/heads/${name}`;
    const sha = await git.resolve(qualified);
    if (sha === undefined) return null;
    const [, prefix = ""] = /^(refs\/[^/]+\/)/.exec(qualified) ?? [];
    return {
      id: `REF_${qualified}`,
      name: qualified.slice(prefix.length),
      prefix,
      target: () => object(`${sha}^{commit}`),
    };
  };

  const repository =
    (caller: Caller) =>
    ({ owner, name }: { owner: string; name: string }) => {
      if (owner !== state.owner || name !== state.name) {
        throw refusal("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
      }
      const readable = <T>(give: () => T) => {
        if (!grants(caller.permissions, "contents", "read")) throw forbidden();
        return give();
      };
      return {
        id: repositoryId,
        name,
        nameWithOwner: `${owner}/${name}`,
        url: `${state.serverUrl}/${owner}/${name}`,
        isArchived: false,
        defaultBranchRef: () => readable(() => ref("main")),
        ref: ({ qualifiedName }: { qualifiedName: string }) => readable(() => ref(qualifiedName)),
        object: ({ expression, oid }: { expression?: string; oid?: string }) =>
          readable(() => object(oid ?? expression)),
      };
    };

  const createCommitOnBranch = async ({ input }: { input: CommitInput }, caller: Caller) => {
    const { branch, expectedHeadOid, message, fileChanges } = input;
    if (!grants(caller.permissions, "contents", "write")) throw forbidden();
    const named = branch.repositoryNameWithOwner ?? `${state.owner}/${state.name}`;
    if (named !== `${state.owner}/${state.name}`) {
      throw refusal("NOT_FOUND", `Could not resolve to a Repository with the name '${named}'.`);
    }
    const branchName = (branch.branchName ?? branch.id?.replace("REF_", "") ?? "").replace("refs/heads/", "");
    const head = await git.resolve(`refs/heads/${branchName}`);
    if (head === undefined) throw refusal("NOT_FOUND", `Could not resolve to a Ref with the name '${branchName}'.`);
    const stale = `Expected branch to point to "${expectedHeadOid}" but it did not.  Pull and try again.`;
    if (head !== expectedHeadOid) throw refusal("STALE_DATA", stale);
    const violation = violationOf(state, caller, { branch: branchName, kind: "update", isSigned: true });
    if (violation?.by === "protection") throw refusal("BRANCH_PROTECTION_RULE_VIOLATION", violation.message);
    if (violation) throw refusal("UNPROCESSABLE", violation.message);
    const additions = (fileChanges?.additions ?? []).map(({ path, contents }) => ({
      path,
      content: decoded(contents),
    }));
    const deletions = (fileChanges?.deletions ?? []).map(({ path }) => path);
    if ([...additions.map(({ path }) => path), ...deletions].some((path) => path.startsWith(".github/workflows/"))) {
      if (!grants(caller.permissions, "workflows", "write") && caller.account.type === "Bot") throw forbidden();
    }
    await checkDeletions(head, deletions);
    const { account } = caller;
    const sha = await git.writeCommit(await git.writeTree(head, { additions, deletions }), {
      parents: [head],
      message: message.body ? `${message.headline}\n\n${message.body}` : message.headline,
      author: { name: account.login, email: `${account.id}+${account.login}@users.noreply.github.com` },
      committer: { name: "GitHub", email: "noreply@github.com" },
    });
    if (!(await git.moveRef(`refs/heads/${branchName}`, { from: head, to: sha }))) throw refusal("STALE_DATA", stale);
    state.signed.add(sha);
    return { clientMutationId: input.clientMutationId ?? null, commit: () => commit(sha), ref: () => ref(branchName) };
  };

  // All of them or none
  const updateRefs = async ({ input }: { input: RefsInput }, caller: Caller) => {
    if (!grants(caller.permissions, "contents", "write")) throw forbidden();
    if (input.repositoryId !== repositoryId)
      throw refusal("NOT_FOUND", `Could not resolve to a node with the global id of '${input.repositoryId}'.`);
    for (const { name, beforeOid, afterOid, force } of input.refUpdates) {
      const current = await git.resolve(name);
      if (beforeOid !== undefined && (current ?? nothing) !== beforeOid) {
        throw refusal(
          "UNPROCESSABLE",
          `Reference update failed: ${name} is at ${current ?? nothing}, expected ${beforeOid}`,
        );
      }
      const isForward = current === undefined || afterOid === nothing || (await git.isAncestor(current, afterOid));
      if (!isForward && !force) throw refusal("UNPROCESSABLE", "Update is not a fast forward");
      const kind = kindOf({ current, afterOid, isForward });
      const branch = name.replace("refs/heads/", "");
      const violation = violationOf(state, caller, { branch, kind, isSigned: state.signed.has(afterOid) });
      if (violation) throw refusal("UNPROCESSABLE", violation.message);
    }
    for (const { name, afterOid } of input.refUpdates) {
      if (afterOid === nothing) await git.deleteRef(name);
      else await git.moveRef(name, { from: await git.resolve(name), to: afterOid });
    }
    return { clientMutationId: input.clientMutationId ?? null };
  };

  const checkDeletions = async (head: string, paths: readonly string[]) => {
    for (const path of paths) {
      if ((await git.resolve(`${head}:${path}`)) !== undefined) continue;
      throw refusal(
        "UNPROCESSABLE",
        `A path was requested for deletion which does not exist as of commit oid \`${head}\``,
      );
    }
  };

  /** Answers one request; the status is 200 also when it holds errors, as GitHub's is. */
  return async (query: string, variables: Record<string, unknown> | undefined, caller: Caller) => {
    const root = {
      repository: repository(caller),
      createCommitOnBranch: (args: { input: CommitInput }) => createCommitOnBranch(args, caller),
      updateRefs: (args: { input: RefsInput }) => updateRefs(args, caller),
      viewer: () => ({ __typename: "User", login: caller.account.login, id: `U_${caller.account.id}` }),
      rateLimit: () => ({ limit: 5000, remaining: 4999, cost: 1, used: 1, resetAt: new Date().toISOString() }),
    };
    const schema = await githubSchema();
    const result = await graphql({
      schema,
      source: query,
      rootValue: root,
      ...(variables ? { variableValues: variables } : {}),
    });
    const errors = result.errors?.map((error) => ({
      ...(error.extensions["type"] ? { type: error.extensions["type"] } : {}),
      ...(error.path ? { path: error.path } : {}),
      ...(error.extensions["type"] === "FORBIDDEN" ? { extensions: { saml_failure: false } } : {}),
      locations: error.locations,
      message: error.message,
    }));
    return { ...(result.data === undefined ? {} : { data: result.data }), ...(errors ? { errors } : {}) };
  };
}

function kindOf(update: { current: string | undefined; afterOid: string; isForward: boolean }) {
  if (update.afterOid === nothing) return "delete";
  if (update.current === undefined) return "create";
  return update.isForward ? "update" : "force";
}

function refusal(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function forbidden(): GraphQLError {
  return refusal("FORBIDDEN", "Resource not accessible by integration");
}

function decoded(contents: string): Buffer {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(contents)) {
    throw refusal("UNPROCESSABLE", "A file was requested to be added whose contents are not valid Base64");
  }
  return Buffer.from(contents, "base64");
}
