import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../..");

/** Runs a Python script of the repository with `input` as JSON on its stdin and returns the JSON of its stdout. */
export function runOracle(script: string, input: unknown): Promise<unknown> {
  const python = readTools(root).oraclesPython;
  if (!python) throw new Error("no Python with the oracles: run `npm test`, whose set-up prepares it");
  return new Promise((done, fail) => {
    const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1", MLFLOW_DISABLE_TELEMETRY: "true" };
    const options = { env: environment, maxBuffer: 256 * 1024 * 1024 };
    const child = execFile(python, [resolve(root, script)], options, (error, stdout, stderr) => {
      if (error) fail(new Error(`${script}: ${stderr.slice(-4000)}`, { cause: error }));
      else done(JSON.parse(stdout));
    });
    child.stdin?.end(JSON.stringify(input));
  });
}
