import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEvents, type Event } from "#test/e2e/harness/events.ts";
import { type GitHubHub, startGitHub } from "#test/parts/github/start.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { job } from "#test/workflows/workflow-files.ts";

const gh = resolve(import.meta.dirname, "stand-ins/gh.ts");
let hub: GitHubHub;
let events: ReturnType<typeof createEvents>;
beforeAll(async () => {
  hub = await startGitHub();
  events = createEvents(hub);
  await hub.push("main", { "README.md": "Models" });
});
afterAll(() => hub[Symbol.asyncDispose]());

/** The matrix that merged.yml makes of a push, by its own script with what its job's token may. */
async function found({ sha, payload }: Event): Promise<unknown> {
  await using folder = await temporaryFolder();
  const [bin, output] = [join(folder.path, "bin"), join(folder.path, "output")];
  await mkdir(bin);
  await writeFile(join(bin, "gh"), `#!/bin/sh\nexec "${process.execPath}" "${gh}" "$@"\n`);
  await chmod(join(bin, "gh"), 0o755);
  const { permissions = {}, steps } = job("merged.yml", "look");
  const env = {
    PATH: `${bin}:${process.env["PATH"]}`,
    GH_TOKEN: hub.token(permissions),
    GITHUB_API_URL: hub.apiUrl,
    GITHUB_REPOSITORY: `${hub.repository.owner}/${hub.repository.name}`,
    GITHUB_SHA: sha,
    GITHUB_OUTPUT: output,
    BEFORE: String(payload["before"]),
  };
  await promisify(execFile)("bash", ["-e", "-c", steps[0]?.run ?? ""], { env });
  const [, matrix = "", count] = /^matrix=(.*)\ncount=(\d+)\n$/.exec(await readFile(output, "utf8")) ?? [];
  const { include } = JSON.parse(matrix) as { include: object[] };
  expect(include).toHaveLength(Number(count));
  return include;
}

/** A pull request of a branch with a change of its own. */
async function opened(branch: string, from?: string) {
  const sha = await hub.push(branch, { [`${branch}.txt`]: "1" }, { from: "main" });
  return events.openPull({ branch, sha, ...(from && { from }) });
}

test("merged.yml finds the promotion that a merge brings", async () => {
  expect(await found(await events.merged(await opened("slipway/promote/dev/iris")))).toEqual([
    { env: "dev", model: "iris" },
  ]);
});

test("and all of those that one push brings", async () => {
  const { payload } = await events.merged(await opened("slipway/promote/dev/text"));
  const last = await events.merged(await opened("slipway/promote/prod/iris"));
  const push = { ...last, payload: { ...last.payload, before: payload["before"] } };
  expect(await found(push)).toEqual([
    { env: "dev", model: "text" },
    { env: "prod", model: "iris" },
  ]);
});

test("and none in what else is merged, comes from a fork, or was committed", async () => {
  expect(await found(await events.merged(await opened("more-pods")))).toEqual([]);
  expect(await found(await events.merged(await opened("slipway/promote/dev/cifar10", "mallory")))).toEqual([]);
  const before = await hub.push("main", { a: "1" });
  await hub.push("main", { a: "2" });
  expect(await found(await events.pushed(before))).toEqual([]);
});
