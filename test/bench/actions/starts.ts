import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";

const rounds = 15;

/**
 * Milliseconds from the start of each bundled action until it has read inputs and configuration, which names a model that
 * does not exist; the median of several, and Node's own start beside it.
 */
export async function benchStarts(): Promise<void> {
  await using slipway = await createActionCheckout();
  await using repository = await createModelsRepository();
  await slipway.bundle();
  const dist = join(slipway.path, "actions/dist");
  const names = (await readdir(dist)).filter((file) => file.endsWith(".js") && !file.startsWith("chunk-"));
  const figures = new Map<string, number[]>([["node", []], ...names.map((name): [string, number[]] => [name, []])]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, times] of figures)
      times.push(start(name === "node" ? ["-e", "0"] : [join(dist, name)], repository.path));
  }
  for (const [name, times] of figures) {
    const [fastest, median] = [Math.min(...times), times.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN];
    console.log(
      `${name.replace(/\.js$/, "").padEnd(10)} starts in ${median.toFixed(0)} ms (fastest ${fastest.toFixed(0)})`,
    );
  }
}

function start(args: string[], cwd: string): number {
  const env = { PATH: process.env["PATH"], INPUT_MODEL: "nobody", INPUT_MODELS: "nobody" };
  const began = performance.now();
  spawnSync(process.execPath, args, {
    cwd,
    env: { ...env, "INPUT_MODEL-DIGEST": `sha256:${"0".repeat(64)}`, "INPUT_PACKAGE-URI": "." },
  });
  return performance.now() - began;
}
