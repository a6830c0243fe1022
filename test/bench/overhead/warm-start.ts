import { execFile } from "node:child_process";
import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Candidate } from "#training/candidate.ts";

const root = resolve(import.meta.dirname, "../../..");
const rounds = 3;

/**
 * Wall seconds of `npm start` for iris with everything set up and MLflow running at `uri`: a first promotion, of which
 * training is told apart, and a second start that finds nothing to do. The best of three.
 */
export async function benchWarmStart(uri: string): Promise<void> {
  const figures = { whole: Infinity, overhead: Infinity, nothing: Infinity };
  for (let round = 0; round < rounds; round++) {
    await using folder = await mkdtempDisposable(join(tmpdir(), "slipway-bench-"));
    const env = { ...process.env, SLIPWAY_OUTPUTS: folder.path, MLFLOW_TRACKING_URI: uri };
    const start = () => seconds(() => promisify(execFile)("npm", ["start"], { cwd: root, env }));
    const whole = await start();
    const nothing = await start();
    const training = await trainingSeconds(folder.path);
    figures.whole = Math.min(figures.whole, whole);
    figures.overhead = Math.min(figures.overhead, whole - training);
    figures.nothing = Math.min(figures.nothing, nothing);
  }
  console.log(`npm start, warm: ${figures.whole.toFixed(2)} s, without training ${figures.overhead.toFixed(2)} s`);
  console.log(`npm start with nothing to do: ${figures.nothing.toFixed(2)} s`);
}

async function trainingSeconds(outputs: string): Promise<number> {
  const candidates = await readdir(join(outputs, "models/iris"));
  const [name = ""] = candidates.filter((candidate) => candidate !== "looks");
  const text = await readFile(join(outputs, "models/iris", name, "candidate/candidate.json"), "utf8");
  return Candidate.parse(JSON.parse(text)).seconds;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
