import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { runNode } from "./setup-folder.ts";

const setup = resolve(import.meta.dirname, "../../.ci/setup");

// builds FOLDER/made in half a second and notes each build in FOLDER.log
const build = `
  import { once } from "${setup}/cache.mjs";
  import { appendFile, writeFile } from "node:fs/promises";
  import { setTimeout as sleep } from "node:timers/promises";
  const [folder, mode] = process.argv.slice(1);
  await once(folder, "made", async (own) => {
    await appendFile(folder + ".log", "built ");
    await sleep(500);
    if (mode === "die") process.kill(process.pid, "SIGKILL");
    if (mode === "fail") throw new Error("no network");
    await writeFile(own + "/made", own);
  });
`;
const make = (folder: string, mode = "") => runNode(["--input-type=module", "-e", build, folder, mode], {});

/** A folder's path to build, and what has happened to it. */
async function target() {
  const folder = await temporaryFolder();
  const path = join(folder.path, "tool-1");
  return {
    path,
    made: () => existsSync(join(path, "made")),
    builds: async () => (await readFile(`${path}.log`, "utf8")).trim().split(" ").length,
    names: async () => (await readdir(folder.path)).filter((name) => !name.endsWith(".log")),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a cached build", () => {
  test("is made once, in a folder whose path stays", async () => {
    await using folder = await target();
    expect(await make(folder.path)).toMatchObject({ code: 0 });
    expect(await make(folder.path)).toMatchObject({ code: 0 });
    expect(await folder.builds()).toBe(1);
    expect(existsSync(await readFile(join(folder.path, "made"), "utf8"))).toBe(true);
  });

  test("is made by one of several that start at once, and all have it", async () => {
    await using folder = await target();
    const ended = await Promise.all([make(folder.path), make(folder.path), make(folder.path)]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect([await folder.builds(), folder.made()]).toEqual([1, true]);
    expect(await folder.names()).toHaveLength(2);
  });

  test("that fails leaves nothing behind", async () => {
    await using folder = await target();
    expect(await make(folder.path, "fail")).toMatchObject({ code: 1, stderr: expect.stringContaining("no network") });
    expect(await folder.names()).toEqual([]);
  });

  test("that is killed is made anew once its lock has gone cold, and its remains are removed after a day", async () => {
    await using folder = await target();
    await make(folder.path, "die");
    expect(folder.made()).toBe(false);
    const longAgo = new Date(Date.now() - 48 * 3600 * 1000);
    for (const name of await folder.names()) await utimes(join(folder.path, "..", name), longAgo, longAgo);
    expect(await make(folder.path)).toMatchObject({ code: 0 });
    expect([await folder.builds(), folder.made()]).toEqual([2, true]);
    expect(await folder.names()).toHaveLength(2);
  });

  test("that was emptied by hand, or lost what it points to, is made anew", async () => {
    await using folder = await target();
    await symlink("gone", folder.path);
    expect(await make(folder.path)).toMatchObject({ code: 0 });
    expect(folder.made()).toBe(true);
  });

  test("leaves builds of other versions and names alone", async () => {
    await using folder = await target();
    const others = [`${folder.path}1.0123abcd`, `${folder.path}.notours`];
    const longAgo = new Date(0);
    for (const path of others) {
      await mkdir(path);
      await utimes(path, longAgo, longAgo);
    }
    await make(folder.path);
    expect(others.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe("uv's variables", () => {
  const ask = (listed: string, variables: Record<string, string>) => {
    const script = `import { indexVariables } from "${setup}/uv.mjs";
      console.log(JSON.stringify(indexVariables(process.argv[1], JSON.parse(process.argv[2]))))`;
    return runNode(["--input-type=module", "-e", script, listed, JSON.stringify(variables)], {});
  };

  test.each([
    ["nothing where pip has its defaults", ":env:.default-timeout='60'\n", {}, {}],
    [
      "pip's index and certificate",
      "global.index-url='http://a/simple'\nglobal.cert='/c.pem'\n",
      {},
      { UV_DEFAULT_INDEX: "http://a/simple", SSL_CERT_FILE: "/c.pem" },
    ],
    [
      "the environment's index before the file's",
      ":env:.index-url='http://b'\nglobal.index-url='http://a'\n",
      {},
      { UV_DEFAULT_INDEX: "http://b" },
    ],
    ["every further index", "global.extra-index-url='\\nhttp://a\\nhttp://b'\n", {}, { UV_INDEX: "http://a http://b" }],
    ["what uv was told itself", "global.index-url='http://a'\n", { UV_DEFAULT_INDEX: "http://own" }, {}],
  ])("are %s", async (_, listed, variables, expected) => {
    const { stdout } = await ask(listed, variables);
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});

test("a lock holds off others as long as its holder lives", async () => {
  await using folder = await temporaryFolder();
  const lock = join(folder.path, "lock");
  await writeFile(lock, "");
  const script = `import { withLock } from "${setup}/lock.mjs"; await withLock(process.argv[1], () => console.log("in"));`;
  const waiting = runNode(["--input-type=module", "-e", script, lock], {});
  const winner = await Promise.race([waiting.then(() => "in"), new Promise((done) => setTimeout(done, 1500, "waits"))]);
  expect(winner).toBe("waits");
  const longAgo = new Date(0);
  await utimes(lock, longAgo, longAgo);
  expect(await waiting).toMatchObject({
    code: 0,
    stdout: "in\n",
    stderr: expect.stringContaining("waiting for another set-up"),
  });
});
