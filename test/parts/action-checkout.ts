import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { ActionFile } from "#actions/readme/action-file.ts";
import { createCheckout } from "./checkout.ts";
import { createRunner } from "./runner.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const parts = [".ci", "actions", "config", "serving", "training", "package.json", "package-lock.json"];

/** How an action ended. */
export interface Acted {
  code: number | null;
  output: string; // stdout and stderr
  outputs: Record<string, string>;
  summary: string;
}

/** Slipway's own checkout as a runner has it beside the models' repository, without its git history, at `folder` in a fresh folder. */
export async function createActionCheckout({ folder = "slipway" } = {}) {
  const base = await temporaryFolder();
  const path = join(base.path, folder);
  await mkdir(path, { recursive: true });
  for (const part of parts) await cp(join(root, part), join(path, part), { recursive: true });
  await rm(join(path, "actions/dist"), { recursive: true, force: true });
  await symlink(join(root, "node_modules"), join(path, "node_modules"));

  return {
    path,
    /** Makes the bundles by set-up, as a workflow does. */
    bundle: () => promisify(execFile)(process.execPath, [join(path, ".ci/setup.mjs"), "bundles"]),

    /** Runs an action in the models' repository at `cwd` as the runner does: its bundle, or the program of a composite one. */
    async act(
      name: string,
      inputs: Readonly<Record<string, string>>,
      { cwd, env = {}, event = {} }: { cwd: string; env?: Readonly<Record<string, string>>; event?: unknown },
    ): Promise<Acted> {
      await using runner = await createRunner();
      await runner.writeEvent(event);
      const isComposite = name === "train" || name === "evaluate";
      const program = join(path, isComposite ? `actions/${name}/main.ts` : `actions/dist/${name}.js`);
      const child = spawn(process.execPath, [program], {
        cwd,
        env: {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          ...runner.variables,
          ...runner.inputs(inputs),
          ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text) => (output += text));
      const [code] = (await once(child, "close")) as [number | null];
      const outputs = await runner.outputs();
      const declared = Object.keys(
        ActionFile.parse(parse(await readFile(join(path, `actions/${name}/action.yml`), "utf8"))).outputs,
      );
      const known = Object.keys(outputs).every((output) => declared.includes(output));
      if (!known || (code === 0 && declared.length > Object.keys(outputs).length))
        throw new Error(`${name} declares the outputs ${declared} and sets ${Object.keys(outputs)}:\n${output}`);
      return { code, output, outputs, summary: await runner.summary() };
    },
    [Symbol.asyncDispose]: () => base[Symbol.asyncDispose](),
  };
}

/** A repository of models alone: this one's configuration and manifests, committed, and no code. */
export async function createModelsRepository() {
  const checkout = await createCheckout();
  for (const file of ["dev.yaml", "prod.yaml", "models"])
    await cp(join(root, "config", file), join(checkout.path, "config", file), { recursive: true });
  await checkout.write(".gitignore", "/data/\n/kept/\n/outputs/\n");
  await checkout.commit("Start");
  return checkout;
}
