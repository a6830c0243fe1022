import { parseArgs } from "node:util";
import { request } from "undici";
import { measureLoad } from "#test/bench/serving/load.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

// `npm run long -- serving [--minutes 10] [--connections 50]`: a table and a network at full load, half of the time each.
// No request may fail, and memory may not grow: the mean of the last quarter against that of the second, the first being
// for caches and compilers.
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    connections: { type: "string", default: "50" },
  },
});
const stretches = 20;
const seconds = (Number(values.minutes) * 60) / 2 / stretches;
const mostGrowth = 0.1;

await using folder = await temporaryFolder();
const models = {
  iris: { write: writeIrisPackage, body: Buffer.from(JSON.stringify(flower)), type: "application/json" },
  cifar10: { write: writeCifar10Package, body: picture, type: "application/octet-stream" },
};
for (const [name, { write, body, type }] of Object.entries(models)) {
  const path = `${folder.path}/${name}`;
  await write(path);
  await using server = await startServing(["--package", path], { HOME: process.env["HOME"] ?? "" });
  const memories: number[] = [];
  let failed = 0;
  for (let stretch = 1; stretch <= stretches; stretch++) {
    const load = { body, type, connections: Number(values.connections), seconds };
    const { perSecond, p99, failed: lost } = await measureLoad(server, load);
    const memory = await memoryOf(server.url);
    memories.push(memory);
    failed += lost;
    console.log(
      `${name} ${stretch}/${stretches}: ${perSecond.toFixed(0)}/s, p99 ${p99} ms, ${lost} failed, ${memory.toFixed(0)} MiB`,
    );
  }
  const quarter = stretches / 4;
  const growth = mean(memories.slice(-quarter)) / mean(memories.slice(quarter, 2 * quarter)) - 1;
  const holds = failed === 0 && growth < mostGrowth;
  console.log(`${holds ? "yes" : "NO "} ${name}: ${failed} failed, memory ${(100 * growth).toFixed(1)} % up`);
  if (!holds) process.exitCode = 1;
}

/** Of the server and its model's process, in MiB. */
async function memoryOf(url: string): Promise<number> {
  const text = await (await request(`${url}/metrics`)).body.text();
  const names = ["process_resident_memory_bytes", "model_process_resident_memory_bytes"];
  const bytes = names.map((name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0));
  return bytes.reduce((sum, value) => sum + value, 0) / 2 ** 20;
}

function mean(all: readonly number[]): number {
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
