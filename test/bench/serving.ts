import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { type Loaded, measureLoad } from "./serving/load.ts";
import { python, startPeer } from "./serving/start.ts";
import { buildNetwork } from "./train/network.ts";

// `npm run bench -- serving [--seconds 10] [--connections 50] [--rounds 1]`: the same body, the same answer and the same
// monitoring by ours and by what a team would use instead. The server's CPU time a request is the figure that a busy
// machine changes least; the load comes from the same machine. The best of the rounds counts.
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    connections: { type: "string", default: "50" },
    rounds: { type: "string", default: "1" },
  },
});
const [seconds, connections] = [Number(values.seconds), Number(values.connections)];

await using folder = await temporaryFolder();
const [iris, cnn] = [join(folder.path, "iris"), join(folder.path, "cnn")];
const [rowsFile, onnx] = [join(folder.path, "rows.json"), join(folder.path, "cnn.onnx")];
const h5 = join(cnn, "data/model.h5");
await writeIrisPackage(iris);
const rows = await parseIris();
await writeFile(rowsFile, JSON.stringify({ inputs: rows, labels: rows.map((_, at) => Math.floor(at / 50)) }));
await writeCifar10Package(cnn, { model: buildNetwork() });
await promisify(execFile)(python(), [join(import.meta.dirname, "serving/to_onnx.py"), h5, onnx]);

const home = { HOME: process.env["HOME"] ?? "" };
const servers = {
  iris: {
    ours: () => startServing(["--package", iris], home),
    "node:http, constant": () => startPeer("constant.ts"),
    "FastAPI sync": () => startPeer("iris.py", { before: ["sync"], after: [rowsFile] }),
    "FastAPI async": () => startPeer("iris.py", { before: ["async"], after: [rowsFile] }),
  },
  cnn: {
    ours: () => startServing(["--package", cnn], home),
    "ONNX Runtime, our batcher": () => startPeer("onnx.ts", { after: [cnn, onnx] }),
    "FastAPI + Keras": () => startPeer("cnn.py", { before: ["plain"], after: [h5] }),
    "FastAPI + Keras, batched": () => startPeer("cnn.py", { before: ["batched"], after: [h5] }),
  },
};
const bodies = {
  iris: { body: Buffer.from(JSON.stringify(flower)), type: "application/json" },
  cnn: { body: picture, type: "application/octet-stream" },
};

const best = new Map<string, Loaded>();
for (let round = 1; round <= Number(values.rounds); round++) {
  console.log(`round ${round}: ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
  for (const task of ["iris", "cnn"] as const) {
    for (const [name, start] of Object.entries(servers[task])) {
      await using server = await start();
      const loaded = await measureLoad(server, { ...bodies[task], connections, seconds });
      const { perSecond, cpuMs, p50, p99, failed } = loaded;
      console.log(
        `${task.padEnd(5)}${name.padEnd(27)}${perSecond.toFixed(0).padStart(6)}/s ${cpuMs.toFixed(3)} CPU ms  p50 ${p50} ms  p99 ${p99} ms  ${failed} failed`,
      );
      const key = `${task} ${name}`;
      const before = best.get(key);
      best.set(key, !before || cpuMs < before.cpuMs ? loaded : before);
    }
  }
}

const of = (task: keyof typeof servers, name: string): Loaded => {
  const found = best.get(`${task} ${name}`);
  if (!found) throw new Error(`${name} was not measured`);
  return found;
};
const batched = of("cnn", "FastAPI + Keras, batched");
const plain = of("cnn", "FastAPI + Keras");
const python3 = batched.perSecond > plain.perSecond ? batched : plain;
const ratios = {
  "iris-cpu-vs-fastapi-sync": of("iris", "FastAPI sync").cpuMs / of("iris", "ours").cpuMs,
  "iris-cpu-vs-fastapi-async": of("iris", "FastAPI async").cpuMs / of("iris", "ours").cpuMs,
  "iris-cpu-vs-node": of("iris", "ours").cpuMs / of("iris", "node:http, constant").cpuMs,
  "cnn-rps-vs-best-python": of("cnn", "ours").perSecond / python3.perSecond,
  "cnn-cpu-vs-best-python": python3.cpuMs / of("cnn", "ours").cpuMs,
  "cnn-cpu-vs-onnxruntime": of("cnn", "ours").cpuMs / of("cnn", "ONNX Runtime, our batcher").cpuMs,
  "cnn-p99-vs-best-python": of("cnn", "ours").p99 / python3.p99,
};
for (const [name, ratio] of Object.entries(ratios)) console.log(`ratio ${name} ${ratio.toFixed(3)}`);
if ([...best.values()].some(({ failed }) => failed > 0)) process.exitCode = 1;
