import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../..");

/**
 * Runs a Python script of the repository with `input` as JSON on its stdin and returns the JSON of its stdout. Of the
 * Pythons that set-up prepares, `tool` is the one that has what the script imports.
 */
export async function runOracle(
  script: string,
  input: unknown,
  tool: "oraclesPython" | "evidentlyPython" = "oraclesPython",
): Promise<unknown> {
  const python = readTools(root)[tool];
  if (!python) throw new Error(`no ${tool}: run the tests by npm, whose set-up prepares it`);
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: "3",
    CUDA_VISIBLE_DEVICES: "-1",
    MLFLOW_DISABLE_TELEMETRY: "true",
    OMP_NUM_THREADS: "1", // PyTorch's threads spin while others have the cores
  };
  const child = spawn(python, [resolve(root, script)], { env });
  child.stdin.on("error", () => undefined); // it ended without reading; its exit code and stderr tell
  child.stdin.end(JSON.stringify(input));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr.slice(-4000)}`);
  return JSON.parse(stdout);
}
