import { InferenceSession, Tensor } from "onnxruntime-node";
import { Serving } from "#config/serving.ts";
import { buildApp } from "#serving/app.ts";
import { createBatcher } from "#serving/engine/batcher.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import { loadModel } from "#serving/load.ts";

// Our own server with ONNX Runtime behind the same batcher, in the server's process: onnx.ts PORT PACKAGE MODEL.onnx
const [port, folder = "", path = ""] = process.argv.slice(2);
// Threads that spin while they wait would be charged to it as work.
const extra = { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } };
const session = await InferenceSession.create(path, { extra });
const [width, most] = [32 * 32 * 3, 64];
const batcher = createBatcher({
  ...Serving.parse({}),
  plan: { most, sizeOf: () => 1, choose: (sizes) => sizes.map((_, at) => at < most), batchMs: (rows) => rows / 2 },
  async compute(inputs) {
    const before = process.cpuUsage();
    const values = new Float32Array(inputs.length * width);
    for (const [row, input] of inputs.entries()) values.set(input, row * width);
    const results = await session.run({ images: new Tensor("float32", values, [inputs.length, 32, 32, 3]) });
    const { user, system } = process.cpuUsage(before);
    const probabilities = Object.values(results)[0]?.data as Float32Array;
    return { probabilities, cpuMs: (user + system) / 1000 };
  },
});
const served = await loadModel({ folder, lineage: { name: "cifar10", version: "onnx" } });
if (served.kind === "broken") throw served.cause;
await served.engine.close();
const engine = { predict: batcher.ask, unavailable: () => undefined, close: async () => undefined };
const own = { ...served, engine };
const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 10_000 };
const app = await buildApp({ served: own, lifecycle: createLifecycle(own), limits });
await app.listen({ host: "127.0.0.1", port: Number(port) });
