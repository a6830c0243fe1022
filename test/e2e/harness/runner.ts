import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { readTools } from "#config/tools.ts";
import type { Artifacts } from "#test/parts/artifacts.ts";
import type { GitHubHub } from "#test/parts/github/start.ts";
import { type Run, runAct } from "./act.ts";
import type { Event } from "./events.ts";
import { standInOptions } from "./stand-ins.ts";
import { type Workflows, withoutUnknownKeys } from "./workflow-files.ts";

const root = resolve(import.meta.dirname, "../../..");
const labels = ["ubuntu-latest", "ubuntu-24.04", "self-hosted"];

/** What a stand-in was asked. */
export interface StandInRecord {
  readonly kind: string;
  readonly workflow: string;
  readonly job: string;
  readonly [fact: string]: unknown;
}

export interface RunnerOptions {
  readonly hub: GitHubHub;
  readonly artifacts: Artifacts;
  readonly folder: string;
  readonly slipway: string | undefined; // what `owner/slipway@v1` is
  readonly appToken: string; // of the GitHub App, for its key
  readonly buildsImages: boolean; // with the Docker that a test has started
  /** Variables and secrets of the repository. */
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** act as the runner of a repository's workflows: each run in a folder of its own, each job in a workspace of its own. */
export async function createRunner({ hub, artifacts, folder, ...options }: RunnerOptions) {
  const { act } = readTools(root);
  if (!act) throw new Error("no act: run `npm run test:e2e`, whose set-up prepares it");
  const records = join(folder, "records.jsonl");
  const bin = await machine(join(folder, "bin"));
  const npm = await programOnPath("npm");
  const { owner, name } = hub.repository;
  let runs = 100;

  return {
    /** Runs the workflow at `path` for an event. */
    async run(path: string, event: Event, workflows: Workflows): Promise<Run> {
      const id = ++runs;
      const own = join(folder, `run-${id}`);
      const [checkout, home, eventPath] = [join(own, "checkout"), join(own, "home"), join(own, "event.json")];
      await mkdir(home, { recursive: true });
      await writeFile(eventPath, JSON.stringify(event.payload));
      await checkOut({ from: hub.gitFolder, sha: event.sha, to: checkout });
      for (const file of workflows.keys()) {
        const text = await readFile(join(checkout, file), "utf8");
        await writeFile(join(checkout, file), withoutUnknownKeys(text));
      }
      const done = await runAct({
        program: act,
        event: event.name,
        cwd: own,
        args: [
          ...["-C", checkout, "-W", path, "--eventpath", eventPath, "--actor", event.actor, "--defaultbranch", "main"],
          ...labels.flatMap((label) => ["-P", `${label}=-self-hosted`]),
          ...["--no-cache-server", "--no-skip-checkout", "--action-cache-path", join(own, "act")],
          ...(await standInOptions({ checkout, folder: join(own, "stand-ins"), slipway: options.slipway })),
          ...repeated("--var", event.isFork ? {} : options.variables),
          ...repeated("--secret", { GITHUB_TOKEN: hub.jobToken, ...(event.isFork ? {} : options.secrets) }),
          ...repeated("--env", {
            GITHUB_REPOSITORY: `${owner}/${name}`,
            GITHUB_REPOSITORY_OWNER: owner,
            GITHUB_SERVER_URL: hub.serverUrl,
            GITHUB_API_URL: hub.apiUrl,
            GITHUB_GRAPHQL_URL: `${hub.serverUrl}/api/graphql`,
            GITHUB_REF: event.ref,
            SHA_REF: event.sha, // act's name for GITHUB_SHA
            GITHUB_RUN_ID: String(id),
            ...artifacts.variables(String(id)),
          }),
        ],
        env: {
          PATH: `${bin}:/usr/bin:/bin`,
          HOME: home,
          LANG: "C.UTF-8",
          TMPDIR: own,
          // what set-up has downloaded and built is there, as on a runner that has run before
          XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"]}/.cache`,
          STAND_IN_ROOT: root,
          STAND_IN_RECORDS: records,
          STAND_IN_NPM: npm,
          STAND_IN_APP_TOKEN: options.appToken,
          ...(options.buildsImages && { STAND_IN_DOCKER: "true" }),
        },
      });
      await rm(own, { recursive: true, force: true });
      return { id, workflow: workflows.get(path)?.name ?? path, ...done };
    },

    /** What the stand-ins were asked so far. */
    async records(): Promise<StandInRecord[]> {
      const lines = (await readFile(records, "utf8").catch(() => "")).split("\n");
      return lines.filter(Boolean).map((line) => JSON.parse(line));
    },
  };
}

async function checkOut({ from, sha, to }: { from: string; sha: string; to: string }): Promise<void> {
  const git = (...args: string[]) => promisify(execFile)("git", args);
  await git("clone", "--quiet", "--no-checkout", from, to);
  await git("-C", to, "fetch", "--quiet", "origin", sha); // a clone has no merge commits of pull requests
  await git("-C", to, "checkout", "--quiet", "--detach", sha);
}

// a runner's PATH: Node, and an npm, a docker and a gh that know what this machine can do
async function machine(bin: string): Promise<string> {
  await mkdir(bin);
  await symlink(process.execPath, join(bin, "node"));
  for (const name of ["npm", "docker", "gh"]) {
    const program = resolve(import.meta.dirname, `../stand-ins/${name}.ts`);
    await writeFile(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

async function programOnPath(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `command -v ${name}`]);
  return stdout.trim();
}

function repeated(flag: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
}
