import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { readTools } from "#config/tools.ts";

const python = readTools(resolve(import.meta.dirname, "../../..")).oraclesPython;

/** Runs a program of this folder; its JSON, and milliseconds from its start to its exit. `threads`: as TensorFlow decides when absent. */
export async function run(
  script: string,
  args: readonly string[],
  threads?: number,
): Promise<{ output: unknown; wall: number }> {
  if (!python) throw new Error("no Python with Keras: run `npm test`, whose set-up prepares it");
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: "3",
    TF_ENABLE_ONEDNN_OPTS: "1",
    CUDA_VISIBLE_DEVICES: "-1",
    ...(threads && { TF_NUM_INTRAOP_THREADS: `${threads}`, TF_NUM_INTEROP_THREADS: `${threads}` }),
  };
  const startMs = performance.now();
  const child = spawn(
    extname(script) === ".py" ? python : process.execPath,
    [join(import.meta.dirname, script), ...args],
    { env },
  );
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const wall = performance.now() - startMs;
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr.slice(-4000)}`);
  return { output: JSON.parse(stdout), wall };
}
