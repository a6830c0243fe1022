import { readSync, writeFileSync } from "node:fs";
import { startBackend } from "#training/backend.ts";
import { createPredictor, type Predictor } from "#training/models/predictor.ts";
import { createTextPredictor } from "#training/models/text-predictor.ts";
import { readPackage } from "#training/package/read.ts";
import { answerBatch } from "./answer-batch.ts";
import { type BatchMessage, inputsDescriptor, type ProcessMessage, type Task } from "./messages.ts";

// The model's own process: it alone loads the native backend, whose crash or memory must not take the server along.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined); // the server ends it, once drained
process.on("disconnect", () => process.exit());
if (process.platform === "linux") {
  try {
    writeFileSync("/proc/self/oom_score_adj", "500"); // short of memory, the kernel takes this one and not the server
  } catch {
    // a sandbox without /proc: the kernel decides
  }
}

try {
  const { folder, digest, most, shapes, threads } = JSON.parse(process.argv[2] ?? "") as Task;
  process.env["TF_NUM_INTRAOP_THREADS"] ??= String(threads.within);
  process.env["TF_NUM_INTEROP_THREADS"] ??= String(threads.between);
  const device = await startBackend("auto", { tiny: false });
  const { model } = await readPackage(folder, digest);
  const predictor = shapes
    ? createTextPredictor(model, shapes, { apart: device.backend !== "gpu" })
    : createPredictor(model, most);
  process.on("message", (message) => send(answered(predictor, message as BatchMessage)));
  send({ kind: "ready", device: device.name, timings: predictor.timings });
} catch (error) {
  send({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  process.disconnect();
}

function answered(predictor: Predictor, message: BatchMessage): ProcessMessage {
  const before = process.cpuUsage();
  const answer = answerBatch(predictor, { inputs: readInputs(message), rows: message.rows });
  const { user, system } = process.cpuUsage(before);
  return {
    kind: "answer",
    ...answer,
    cpuMs: (user + system) / 1000,
    residentBytes: process.memoryUsage.rss(),
  };
}

let room = new Float32Array();

/** The inputs of a batch, which are valid until the next ones are read. */
function readInputs({ rows, width }: BatchMessage): Float32Array {
  const count = rows * width;
  if (room.length < count) room = new Float32Array(count);
  const read = readSync(inputsDescriptor, room, 0, 4 * count, 0);
  if (read !== 4 * count) throw new Error(`${read} bytes of inputs are there, where ${4 * count} were announced`);
  return room.subarray(0, count);
}

function send(message: ProcessMessage): void {
  process.send?.(message, () => undefined); // a server that is gone needs no answer
}
