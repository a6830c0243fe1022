import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Artifacts } from "#test/parts/artifacts.ts";
import { bodyOf, startLocalServer } from "#test/parts/local-server.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { Answer } from "./answer.ts";
import { createBareRepository } from "./bare-repository.ts";
import { type Job, jobBehind } from "./client-process.ts";
import { createFaults, type Fault, faultAnswer, type ScriptedFault } from "./faults.ts";
import { createGitHttp } from "./git-http.ts";
import { createGraphql } from "./graphql.ts";
import { admin, type Permissions, readAll, writeAll } from "./permissions.ts";
import { createRest, type RestRequest } from "./rest.ts";
import {
  type Account,
  actionsBot,
  type Caller,
  type ProtectedBranch,
  type Ruleset,
  type Runner,
  type State,
} from "./state.ts";

export interface GitHubOptions {
  readonly repository?: { readonly owner: string; readonly name: string };
  readonly ownerType?: "User" | "Organization";
  readonly rulesets?: readonly Ruleset[];
  readonly protectedBranches?: readonly ProtectedBranch[];
  readonly runners?: readonly Runner[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly environments?: State["environments"];
  readonly collaborators?: State["collaborators"];
  readonly workflowPermissions?: Partial<State["workflowPermissions"]>;
  /** The service whose artifacts the API lists and leads to. */
  readonly artifacts?: Artifacts;
  /**
   * What `jobToken` may do, by the job whose process holds the other end of the connection; undefined: nothing is known of that
   * job, and the token is refused.
   */
  readonly permissionsOf?: (job: Job) => Permissions | undefined;
}

/** One request as it was asked and answered. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string; // below the API's root, with query
  readonly operation: string; // GitHub's operation id, `graphql`, `git`, or `unknown`
  readonly login: string | undefined; // whose token it was
  readonly body: unknown;
  readonly status: number; // 0 where the connection was broken
}

export type TokenPermissions = Permissions | "read-all" | "write-all" | "admin" | "none";

/**
 * Starts GitHub's API on a free port of loopback, over a real bare git repository that is still empty. REST and GraphQL are checked
 * by GitHub's official schemas; each token may do what its permissions say and no more.
 */
export async function startGitHub(options: GitHubOptions = {}) {
  const folder = await temporaryFolder();
  const { owner, name } = options.repository ?? { owner: "octo-org", name: "models" };
  const git = await createBareRepository(join(folder.path, `${name}.git`));
  const jobToken = `ghs_${randomBytes(18).toString("hex")}`;
  const server = await startLocalServer((request, response) => {
    handle(request, response).catch((error) => send(response, { status: 500, body: { message: String(error) } }));
  });
  const serverUrl = server.uri;
  const apiUrl = `${serverUrl}/api/v3`;

  const state: State = {
    owner,
    name,
    ownerType: options.ownerType ?? "Organization",
    serverUrl,
    git,
    issues: [],
    pulls: [],
    comments: [],
    labels: [],
    statuses: [],
    deployments: [],
    dispatches: [],
    signed: new Set(),
    rulesets: [...(options.rulesets ?? [])],
    protectedBranches: [...(options.protectedBranches ?? [])],
    runners: [...(options.runners ?? [])],
    variables: { ...options.variables },
    secrets: [...(options.secrets ?? [])],
    environments: [...(options.environments ?? [])],
    collaborators: { ...options.collaborators },
    workflowPermissions: { default: "read", mayCreatePullRequests: true, ...options.workflowPermissions },
    nextId: 1001,
  };
  const callers = new Map<string, Caller>();
  const faults = createFaults();
  const requests: SeenRequest[] = [];
  const rest = await createRest({ state, apiUrl, artifacts: options.artifacts });
  const graphql = createGraphql(state);
  const gitHttp = createGitHttp(state, folder.path);
  const inTurn = createQueue(); // as in GitHub's database, one change after the other

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", serverUrl);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
    const caller = await callerOf(request);
    if (gitHttp.isMeant(url)) {
      const status = await gitHttp.serve(request, response, caller);
      const { method = "GET", url: path = "/" } = request;
      requests.push({ method, path, operation: "git", login: caller?.account.login, body: undefined, status });
      return;
    }
    const body = parsed((await bodyOf(request)).toString("utf8"));
    const isGraphql = url.pathname === "/api/graphql";
    url.pathname = url.pathname.replace(/^\/api\/v3/, "");
    const asked: RestRequest = { method: request.method ?? "GET", url, headers, body };
    const operation = isGraphql ? "graphql" : (rest.operationOf(asked) ?? "unknown");
    const fault = faults.take(operation);
    const answer = fault?.kind === "reset" ? undefined : await answerOf({ request: asked, operation, caller, fault });
    const isBroken = answer === undefined || fault?.kind === "forget";
    requests.push({
      method: asked.method,
      path: url.pathname + url.search,
      operation,
      login: caller?.account.login,
      body,
      status: isBroken ? 0 : answer.status,
    });
    if (isBroken) request.socket.destroy();
    else send(response, answer);
  }

  async function callerOf(request: IncomingMessage): Promise<Caller | undefined> {
    const token = tokenOf(request.headers.authorization);
    if (token !== jobToken) return callers.get(token ?? "");
    const job = await jobBehind(request.socket);
    const permissions = job && options.permissionsOf?.(job);
    return permissions && { account: actionsBot, permissions, isAdmin: false };
  }

  async function answerOf(asked: Asked): Promise<Answer> {
    const { operation, caller, fault } = asked;
    const instead = fault && faultAnswer(fault);
    if (instead) return instead;
    if (!caller) {
      const message = asked.request.headers["authorization"] ? "Bad credentials" : "Requires authentication";
      return { status: 401, body: { message } };
    }
    if (operation === "unknown") {
      const message = `the emulator does not play ${asked.request.method} ${asked.request.url.pathname}`;
      return { status: 404, body: { message } };
    }
    return inTurn(() => (operation === "graphql" ? answerGraphql(asked, caller) : answerRest(asked, caller)));
  }

  async function answerGraphql({ request }: Asked, caller: Caller): Promise<Answer> {
    const { query, variables } = (request.body ?? {}) as { query?: string; variables?: Record<string, unknown> };
    if (typeof query !== "string")
      return { status: 400, body: { message: "A query attribute must be specified and must be a string." } };
    return { status: 200, body: await graphql(query, variables, caller) };
  }

  async function answerRest({ request, fault }: Asked, caller: Caller): Promise<Answer> {
    return rest.answer(request, caller, fault?.kind === "distort" ? { body: fault.body } : undefined);
  }

  return {
    apiUrl,
    serverUrl,
    repository: { owner, name },
    gitFolder: git.folder,
    git,
    /** All that the emulated GitHub knows besides git; tests may read and change it. */
    state,
    requests,
    /** Scripts what the next requests meet instead of their answer. */
    fail: (fault: ScriptedFault) => faults.add(fault),
    /** GITHUB_TOKEN of every job: what it may do follows from the job whose process uses it (`permissionsOf`). */
    jobToken,
    /** A token that may do this and no more: GITHUB_TOKEN's, unless another account is named. */
    token(permissions: TokenPermissions, account: Account = actionsBot): string {
      const token = `ghs_${callers.size + 1}${"x".repeat(30)}`;
      callers.set(token, { account, permissions: permissionsOf(permissions), isAdmin: permissions === "admin" });
      return token;
    },
    /** Commits files on a branch as somebody's push would; creates the branch, from `from` or empty. Returns the commit. */
    async push(
      branch: string,
      files: Readonly<Record<string, string | Buffer | null>>,
      { message = "Change", from, author = ada }: { message?: string; from?: string; author?: typeof ada } = {},
    ): Promise<string> {
      return inTurn(async () => {
        const head = await git.resolve(`refs/heads/${branch}`);
        const parent = head ?? (from === undefined ? undefined : await git.commitOf(from));
        const entries = Object.entries(files);
        const additions = entries.flatMap(([path, content]) =>
          content === null ? [] : [{ path, content: Buffer.from(content) }],
        );
        const deletions = entries.filter(([, content]) => content === null).map(([path]) => path);
        const tree = await git.writeTree(parent, { additions, deletions });
        const sha = await git.writeCommit(tree, {
          parents: parent ? [parent] : [],
          message,
          author,
          committer: author,
        });
        if (!(await git.moveRef(`refs/heads/${branch}`, { from: head, to: sha })))
          throw new Error(`${branch} moved meanwhile`);
        return sha;
      });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export type GitHubHub = Awaited<ReturnType<typeof startGitHub>>;

interface Asked {
  readonly request: RestRequest;
  readonly operation: string;
  readonly caller: Caller | undefined;
  readonly fault: Fault | undefined;
}

const ada = { name: "Ada Lovelace", email: "ada@example.com" };

/** Does one work after the other, in the order they were asked for. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work, work);
    last = done;
    return done;
  };
}

function permissionsOf(permissions: TokenPermissions): Permissions {
  if (permissions === "read-all") return readAll;
  if (permissions === "write-all") return writeAll;
  if (permissions === "admin") return admin;
  return permissions === "none" ? {} : permissions;
}

function tokenOf(authorization: string | undefined): string | undefined {
  const [, scheme = "", credentials = ""] = /^(token|bearer|basic) (.+)$/i.exec(authorization ?? "") ?? [];
  if (scheme.toLowerCase() !== "basic") return credentials || undefined;
  return Buffer.from(credentials, "base64").toString("utf8").split(":")[1];
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const isRaw = Buffer.isBuffer(body);
  const type = isRaw ? "application/vnd.github.raw; charset=utf-8" : "application/json; charset=utf-8";
  const standard = {
    "content-type": type,
    "x-github-request-id": "0000:0000:0000:0000:00000000",
    "x-github-media-type": "github.v3; format=json",
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "4999",
    "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + 3600),
  };
  response.writeHead(status, { ...standard, ...headers });
  if (status === 204) response.end();
  else response.end(isRaw ? body : JSON.stringify(body));
}
