import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createCheckout } from "#test/parts/checkout.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const script = resolve(import.meta.dirname, "../../.ci/tag-release");
const run = promisify(execFile);

/** A checkout of a repository with a remote, and releases made of it as the workflow makes them. */
async function createReleases() {
  const remote = await temporaryFolder();
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote.path]);
  const checkout = await createCheckout();
  await checkout.git("remote", "add", "origin", remote.path);
  await checkout.write(".gitignore", "actions/dist\n");
  return {
    /** Puts a version on main, then releases it with a bundle; returns the commit on main. */
    async release(version: string, bundle: string): Promise<string> {
      await checkout.write("package.json", JSON.stringify({ version }));
      const commit = await checkout.commit(`Prepare ${version}`);
      await checkout.git("push", "--quiet", "origin", "HEAD:main");
      await checkout.write("actions/dist/plan.js", bundle);
      const env = { ...process.env, TOKEN: "unused by a remote that is a folder" };
      await run(script, { cwd: checkout.path, env }).finally(async () => {
        await checkout.git("reset", "--quiet", "--hard", commit);
        for (const tag of (await checkout.git("tag")).split("\n")) await checkout.git("tag", "--delete", tag); // a job's checkout has none
      });
      return commit;
    },
    async remote(...command: string[]): Promise<string> {
      return (await run("git", ["-C", remote.path, ...command])).stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await checkout[Symbol.asyncDispose]();
      await remote[Symbol.asyncDispose]();
    },
  };
}

test("a release is a tag whose commit holds the bundles, which main does not, and its major version moves there", async () => {
  await using repository = await createReleases();
  const first = await repository.release("1.0.0", "one");
  const second = await repository.release("1.1.0", "two");
  expect(await repository.remote("show", "v1.0.0:actions/dist/plan.js")).toBe("one");
  expect(await repository.remote("show", "v1.1.0:actions/dist/plan.js")).toBe("two");
  expect(await repository.remote("rev-parse", "v1.0.0^", "v1.1.0^", "v1")).toBe(
    [first, second, await repository.remote("rev-parse", "v1.1.0")].join("\n"),
  );
  expect(await repository.remote("ls-tree", "--name-only", "main", "actions/")).toBe("");
});

test("a version that was released is refused, and nothing moves", async () => {
  await using repository = await createReleases();
  await repository.release("1.0.0", "one");
  const before = await repository.remote("show-ref", "--tags");
  await expect(repository.release("1.0.0", "other")).rejects.toThrow(/rejected.*already exists/s);
  expect(await repository.remote("show-ref", "--tags")).toBe(before);
});
