import { parseArgs } from "node:util";
import { request } from "undici";
import { measureLoad } from "#test/bench/serving/load.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { writeTextPackage } from "#test/parts/text-served.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";

// `npm run long -- serving [--minutes 15] [--connections 50]`: a table, pictures and texts at full load, a third of the time each.
// No request may fail, and what is in use may not grow: memory once garbage has been collected, the mean of the last
// quarter against that of the second, the first being for caches and compilers. V8 lets its heap grow severalfold before
// it collects by itself, so memory before that goes up and down; it must fit into the container that serving runs in.
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "15" },
    connections: { type: "string", default: "50" },
  },
});
const stretches = 20;
const mostGrowth = 0.05;
const containerMiB = 1024; // of manifests/serving/base

await using folder = await temporaryFolder();
const models = {
  iris: { write: writeIrisPackage, body: Buffer.from(JSON.stringify(flower)), type: "application/json" },
  cifar10: { write: writeCifar10Package, body: picture, type: "application/octet-stream" },
  text: {
    write: writeTextPackage,
    body: Buffer.from(JSON.stringify({ text: "Where is it?" })),
    type: "application/json",
  },
};
const seconds = (Number(values.minutes) * 60) / Object.keys(models).length / stretches;
for (const [name, { write, body, type }] of Object.entries(models)) {
  const path = `${folder.path}/${name}`;
  await write(path);
  const inspectPort = (await firstFreePort(20_000 + Math.floor(Math.random() * 10_000))) ?? 0;
  const variables = { HOME: process.env["HOME"] ?? "", NODE_OPTIONS: `--inspect-port=127.0.0.1:${inspectPort}` };
  await using server = await startServing(["--package", path], variables);
  server.kill("SIGUSR1"); // opens the inspector
  const inUse: number[] = [];
  let [failed, most] = [0, 0];
  for (let stretch = 1; stretch <= stretches; stretch++) {
    const load = { path: "/predict", type, bodies: [body], connections: Number(values.connections), seconds };
    const { perSecond, p99, failed: lost } = await measureLoad(server, load);
    const loaded = await memoryOf(server.url);
    await collectGarbage(inspectPort);
    const memory = await memoryOf(server.url);
    inUse.push(memory);
    failed += lost;
    most = Math.max(most, loaded);
    console.log(
      `${name} ${stretch}/${stretches}: ${perSecond.toFixed(0)}/s, p99 ${p99} ms, ${lost} failed, ${loaded.toFixed(0)} MiB, ${memory.toFixed(0)} in use`,
    );
  }
  const quarter = stretches / 4;
  const growth = mean(inUse.slice(-quarter)) / mean(inUse.slice(quarter, 2 * quarter)) - 1;
  const holds = failed === 0 && growth < mostGrowth && most < containerMiB;
  console.log(
    `${holds ? "yes" : "NO "} ${name}: ${failed} failed, in use ${(100 * growth).toFixed(1)} % up, ${most.toFixed(0)} MiB at most`,
  );
  if (!holds) process.exitCode = 1;
}

/** Lets the server collect its garbage, by its inspector. */
async function collectGarbage(port: number): Promise<void> {
  const { body } = await request(`http://127.0.0.1:${port}/json/list`);
  const [target] = (await body.json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", () => socket.send('{"id":1,"method":"HeapProfiler.collectGarbage"}'));
    socket.addEventListener("message", resolve);
    socket.addEventListener("error", reject);
  });
  socket.close();
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
