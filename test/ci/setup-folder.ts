import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const checkout = resolve(import.meta.dirname, "../..");
const goodNpm = "mkdir -p node_modules";

/** How a run of set-up ended. */
export interface Ended {
  code: number;
  stderr: string;
}

/**
 * A project that has only set-up and what it reads in it, on a machine whose PATH has only a shell, Node and the programs a test puts there, and
 * whose cache is empty. Its npm notes its arguments and makes `node_modules`.
 */
export async function setupFolder() {
  const folder = await temporaryFolder();
  const [root, bin, cache] = ["project", "bin", "cache"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  for (const part of [".ci", "training/native", "manifests/platform"])
    await cp(join(checkout, part), join(root, part), { recursive: true });
  await mkdir(bin);
  for (const path of ["/bin/sh", "/bin/mkdir", process.execPath])
    await symlink(path, join(bin, path.split("/").at(-1) ?? ""));
  const calls = join(folder.path, "npm-calls");

  const project = {
    root,
    cache,
    /** Puts a shell script on the machine's PATH. */
    async program(name: string, script: string): Promise<void> {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    },
    /** An npm that notes its arguments, then does `script`. */
    npm: (script: string) => project.program("npm", `echo "$@" >> ${calls}\n${script}`),
    async write(path: string, value: unknown): Promise<void> {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), JSON.stringify(value));
    },
    read: async (path: string): Promise<unknown> => JSON.parse(await readFile(join(root, path), "utf8")),
    /** The npm commands of all runs so far, without their options. */
    async npmCalls(): Promise<string[]> {
      const text = await readFile(calls, "utf8").catch(() => "");
      return text.split("\n").flatMap((line) => (line ? [line.replaceAll(/ --\S+/g, "")] : []));
    },
    run: (goal: string, environment: Record<string, string> = {}) =>
      runNode([join(root, ".ci/setup.mjs"), goal], { PATH: bin, XDG_CACHE_HOME: cache, ...environment }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  await project.npm(goodNpm);
  await project.write("package-lock.json", { lockfileVersion: 3, packages: {} });
  return project;
}

/** Runs Node with exactly this environment. */
export function runNode(options: string[], env: Record<string, string>): Promise<Ended & { stdout: string }> {
  return new Promise((done) => {
    execFile(process.execPath, options, { env }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === "number" ? error.code : Number(error !== null), stdout, stderr }),
    );
  });
}
