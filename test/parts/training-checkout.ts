import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Candidate } from "#training/candidate.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const copied = ["actions", "config", "manifests", "serving", "training", "package.json", "package-lock.json"];

export interface TrainOptions {
  outputs: string; // a name: each has outputs of its own, and there a storage unless `set` says otherwise
  trackingUri: string;
  set: readonly string[];
  model?: string;
  environment?: "dev" | "prod";
  program?: "training/train/main.ts" | "actions/pipeline.ts";
  env?: Readonly<Record<string, string>>;
}

/** A training program that runs. */
export interface Training {
  child: ChildProcess;
  /** What it printed so far. */
  output: () => string;
  /** Resolves once it has printed what matches; rejects when it ends without. */
  printed: (pattern: RegExp) => Promise<void>;
  /** Its exit code, `null` for a signal, once it has ended and all of its output is there. */
  ended: Promise<number | null>;
}

/**
 * A copy of the code in a checkout of its own, so that its content hash stays while people edit theirs; and runs of the
 * training program in it, or of another that trains.
 */
export async function createTrainingCheckout() {
  const folder = await temporaryFolder();
  for (const name of copied) await cp(join(root, name), join(folder.path, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"));
  const outputsOf = (name: string) => join(folder.path, "runs", name);

  return {
    path: folder.path,
    outputsOf,

    async start({ outputs, trackingUri, set, env = {}, ...rest }: TrainOptions): Promise<Training> {
      const { model = "iris", environment = "dev", program = "training/train/main.ts" } = rest;
      await mkdir(outputsOf(outputs), { recursive: true });
      const settings = set.flatMap((setting) => ["--set", setting]);
      const places = { SLIPWAY_OUTPUTS: outputsOf(outputs), MLFLOW_TRACKING_URI: trackingUri };
      const child = spawn(
        process.execPath,
        [join(folder.path, program), "--env", environment, "--model", model, ...settings],
        {
          cwd: folder.path,
          env: { ...process.env, ...env, ...places },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let output = "";
      const waiting = new Set<() => void>();
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (piece: string) => {
          output += piece;
          for (const look of waiting) look();
        });
      }
      const ended = once(child, "close").then(([code]) => code as number | null);
      const printed = (pattern: RegExp) =>
        new Promise<void>((done, fail) => {
          const look = () => pattern.test(output) && done();
          waiting.add(look);
          look();
          void ended.then(() => fail(new Error(`it ended without ${pattern}:\n${output}`)));
        });
      return { child, output: () => output, printed, ended };
    },

    /** The candidate that a finished training printed, from its outputs. */
    async candidate(training: Training): Promise<Candidate> {
      const path = /trained(?: before)?: sha256:\w+ in (\S+)/.exec(training.output())?.[1];
      if (path === undefined) throw new Error(`no candidate:\n${training.output()}`);
      return Candidate.parse(JSON.parse(await readFile(resolve(folder.path, path, "candidate.json"), "utf8")));
    },

    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
