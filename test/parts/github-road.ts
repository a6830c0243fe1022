import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { getOctokit } from "@actions/github";
import { retry } from "@octokit/plugin-retry";
import { type Overlay, overlayPath, readOverlay } from "#actions/gitops/overlay.ts";
import { createGitHub, type GitHub } from "#actions/io/github.ts";
import { type GitHubOptions, startGitHub, type TokenPermissions } from "./github/start.ts";
import type { Account } from "./github/state.ts";

const root = resolve(import.meta.dirname, "../..");

/** An App that a rule may let pass. */
export const slipwayApp: Account = { login: "slipway[bot]", id: 77, type: "Bot" };
/** What the job that promotes is given. */
export const promoting = { contents: "write", "pull-requests": "write", issues: "write" } as const;

/** GitHub with a repository whose branch main has this repository's `manifests/`, and more overlays of iris' kind. */
export async function createGitHubRoad({ models = [], ...options }: GitHubOptions & { models?: string[] } = {}) {
  const hub = await startGitHub(options);
  const repository = `${hub.repository.owner}/${hub.repository.name}`;
  const files = Object.fromEntries(
    (await readdir(join(root, "manifests"), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(root.length + 1), path]),
  );
  const texts: Record<string, Buffer> = {};
  for (const [path, file] of Object.entries(files)) texts[path] = await readFile(file);
  const iris = texts[overlayPath("dev", "iris")] ?? Buffer.alloc(0);
  for (const model of models) texts[overlayPath("dev", model)] = iris;
  const start = await hub.push("main", texts, { message: "Start" });
  const lines: string[] = [];
  const client = (permissions: TokenPermissions = promoting, account?: Account): GitHub =>
    createGitHub({ token: hub.token(permissions, account), apiUrl: hub.apiUrl, info: (line) => lines.push(line) });

  return {
    hub,
    repository,
    start,
    /** What the clients told so far. */
    lines,
    client,
    /** A client that does not wait between its calls for those of others in this process: as in a job of its own. */
    clientOfItsOwn: (): GitHub =>
      getOctokit(hub.token(promoting), { baseUrl: hub.apiUrl, retry: { retries: 3 } }, retry) as GitHub,
    async inPlace({ model = "iris", env = "dev", branch = "main" } = {}): Promise<Overlay | undefined> {
      return readOverlay(await hub.git.text("show", `refs/heads/${branch}:${overlayPath(env, model)}`));
    },
    /** Commits of a branch, newest first, by git's format. */
    async log(format: string, branch = "main"): Promise<string[]> {
      return (await hub.git.text("log", `--format=${format}`, `refs/heads/${branch}`, "--")).split("\n");
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}
