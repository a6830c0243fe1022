import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { encode } from "fast-png";
import { buildNetwork } from "#test/bench/train/network.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { startServing } from "#test/parts/serving.ts";
import { answersOf, assertSame } from "./answers.ts";
import type { Asked } from "./load.ts";
import { type Peer, pythonOf, startCommand, startPeer } from "./start.ts";
import { texts, writeTextPackage } from "./text-served.ts";

/** A server, and what it is asked. */
export interface Contestant {
  readonly asked: Asked;
  start(): Promise<Peer>;
}

/** Servers by their names, task by task. */
export type Contestants = Readonly<Record<string, Contestant>>;

export const tasks = ["iris", "cnn", "text"] as const;
export type Task = (typeof tasks)[number];

const run = promisify(execFile);
const json = (...values: unknown[]): Asked => ({
  path: "/predict",
  type: "application/json",
  bodies: values.map((value) => Buffer.from(JSON.stringify(value))),
});
const home = { HOME: process.env["HOME"] ?? "" };
const ours = (folder: string, asked: Asked): Contestant => ({
  asked,
  start: () => startServing(["--package", folder], home),
});

/** Makes the models of a task in `folder`, and names who serves it. */
export const prepare: Record<Task, (folder: string) => Promise<Contestants>> = { iris, cnn, text };

async function iris(folder: string): Promise<Contestants> {
  const rowsFile = join(folder, "rows.json");
  const rows = await parseIris();
  await writeIrisPackage(join(folder, "iris"));
  await writeFile(rowsFile, JSON.stringify({ inputs: rows, labels: rows.map((_, at) => Math.floor(at / 50)) }));
  const [forMlserver, forMlflow] = [join(folder, "mlserver"), join(folder, "mlflow")];
  const script = join(import.meta.dirname, "mlserver_models.py");
  await run(pythonOf("mlserverPython"), [script, rowsFile, forMlserver, forMlflow]);
  const asked = json(flower);
  const row = Object.values(flower);
  const tensor = { name: "inputs", datatype: "FP32", shape: [1, 4], data: row };
  const v2 = { ...json({ inputs: [tensor] }), path: "/v2/models/iris/infer" };
  const peer = (name: string, ...before: string[]) => ({
    asked,
    start: () => startPeer(name, { asked, before, after: [rowsFile] }),
  });
  const beside = (python: string, program: string) => join(dirname(python), program);
  return {
    ours: ours(join(folder, "iris"), asked),
    "ours, /v2": ours(join(folder, "iris"), v2),
    "node:http, constant": peer("constant.ts"),
    "FastAPI sync": peer("iris.py", "sync"),
    "FastAPI async": peer("iris.py", "async"),
    LitServe: peer("litserve_iris.py"),
    BentoML: {
      asked,
      start: () =>
        startCommand((port) => {
          const service = ["--working-dir", import.meta.dirname, "bentoml_iris:Iris"];
          const variables = [`BENCH_ROWS=${rowsFile}`, `BENTOML_HOME=${join(folder, "bentoml")}`];
          const bentoml = beside(pythonOf("peersPython"), "bentoml");
          return ["/usr/bin/env", ...variables, bentoml, "serve", ...service, "--host", "127.0.0.1", "--port", port];
        }, asked),
    },
    "MLServer, /v2": {
      asked: { ...json({ inputs: [tensor], outputs: [{ name: "predict_proba" }] }), path: v2.path },
      start() {
        const mlserver = beside(pythonOf("mlserverPython"), "mlserver");
        const variables = (port: string) => [
          `MLSERVER_HTTP_PORT=${port}`,
          `MLSERVER_GRPC_PORT=${Number(port) + 1}`,
          "MLSERVER_HOST=127.0.0.1",
          "MLSERVER_PARALLEL_WORKERS=0",
        ];
        return startCommand((port) => ["/usr/bin/env", ...variables(port), mlserver, "start", forMlserver], this.asked);
      },
    },
    "mlflow models serve": {
      asked: { ...json({ inputs: [row] }), path: "/invocations" },
      start() {
        const mlflow = beside(pythonOf("mlserverPython"), "mlflow");
        const options = ["--env-manager", "local", "--host", "127.0.0.1"];
        return startCommand(
          (port) => [mlflow, "models", "serve", "-m", forMlflow, ...options, "--port", port],
          this.asked,
        );
      },
    },
  };
}

async function cnn(folder: string): Promise<Contestants> {
  const [own, onnx] = [join(folder, "cnn"), join(folder, "cnn.onnx")];
  const h5 = join(own, "data/model.h5");
  await writeCifar10Package(own, { model: buildNetwork() });
  await run(pythonOf("peersPython"), [join(import.meta.dirname, "to_onnx.py"), h5, onnx]);
  const raw: Asked = { path: "/predict", type: "application/octet-stream", bodies: [picture] };
  const image = { width: 32, height: 32, channels: 3, depth: 8, data: picture } as const;
  const rows = Array.from({ length: 32 }, (_, row) =>
    Array.from({ length: 32 }, (__, column) => [...picture.subarray(96 * row + 3 * column, 96 * row + 3 * column + 3)]),
  );
  const numbers = rows.map((row) => row.map((pixel) => pixel.map((value) => Number((value / 255).toFixed(4)))));
  const base64 = json({ image: picture.toString("base64") });
  const peer = (name: string, asked: Asked, before: string[], after: string[]) => ({
    asked,
    start: () => startPeer(name, { asked, before, after }),
  });
  return {
    ours: ours(own, raw),
    "ours, base64": ours(own, base64),
    "ours, PNG": ours(own, { ...raw, type: "image/png", bodies: [Buffer.from(encode(image))] }),
    "ours, JSON numbers": ours(own, json(numbers)),
    "ONNX Runtime, our batcher": peer("onnx.ts", raw, [], [own, onnx]),
    "FastAPI + Keras": peer("cnn.py", raw, ["plain"], [h5]),
    "FastAPI + Keras, batched": peer("cnn.py", raw, ["batched"], [h5]),
    "LitServe + Keras, base64": peer("litserve_cnn.py", base64, [], [h5]),
  };
}

async function text(folder: string): Promise<Contestants> {
  const own = join(folder, "text");
  const { checkpoint, maxTokens } = await writeTextPackage(own);
  const asked = json(...texts.map((each) => ({ text: each })));
  const contestant = ours(own, asked);
  await using server = await contestant.start();
  const expected = await answersOf(server.url, asked);
  const peer = (library: string, kind: string) => ({
    asked,
    async start() {
      const started = await startPeer("text.py", {
        asked,
        before: [library, kind],
        after: [checkpoint, String(maxTokens)],
      });
      try {
        assertSame(await answersOf(started.url, asked), expected);
        return started;
      } catch (error) {
        await started[Symbol.asyncDispose]();
        throw error;
      }
    },
  });
  return {
    ours: contestant,
    "FastAPI + PyTorch": peer("torch", "plain"),
    "FastAPI + PyTorch, batched": peer("torch", "batched"),
    "FastAPI + TensorFlow": peer("tensorflow", "plain"),
    "FastAPI + TensorFlow, batched": peer("tensorflow", "batched"),
  };
}
