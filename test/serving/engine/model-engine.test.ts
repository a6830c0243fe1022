import { truncate } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, expect, test } from "vitest";
import { Training } from "#config/schema.ts";
import { Serving } from "#config/serving.ts";
import { type Asker, UnavailableError } from "#serving/engine/engine.ts";
import { startModelEngine } from "#serving/engine/model-engine.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { buildModel } from "#training/models/build.ts";

const nobody: Asker = { isGone: () => false, charge: () => undefined };
const input = Float32Array.from(picture, (value) => value / 255);
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(knobs: object = {}) {
  const folder = await temporaryFolder();
  open.push(async () => folder[Symbol.asyncDispose]());
  const { digest } = await writeCifar10Package(folder.path);
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const engine = await startModelEngine(folder.path, digest, { knobs: Serving.parse(knobs), log });
  open.push(engine.close);
  const pid = () => engine.pid() ?? 0;
  return { engine, folder: folder.path, lines, pid };
}

test("many at once get the answer that each gets alone, in fewer batches, none larger than it may be, and what it cost", async () => {
  const { engine } = await start({ maxBatchSize: 32 });
  const alone = await engine.predict(input, nobody);
  expect(alone.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 5);
  const sizes: number[] = [];
  engine.load?.onBatch(({ rows }) => sizes.push(rows));
  let cpuMs = 0;
  const charge = (ms: number) => {
    cpuMs += ms;
  };
  const answers = await Promise.all(Array.from({ length: 100 }, () => engine.predict(input, { ...nobody, charge })));
  for (const answer of answers) {
    for (const [at, probability] of answer.entries()) expect(probability).toBeCloseTo(alone[at] ?? Number.NaN, 5);
  }
  expect(sizes.length).toBeLessThan(8);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  expect(sizes.reduce((sum, rows) => sum + rows, 0)).toBe(100);
  expect(cpuMs).toBeGreaterThan(0);
  expect(engine.load?.residentBytes()).toBeGreaterThan(2 ** 20);
});

test("batches of every size get the answers that the model gives operation by operation", async () => {
  const { engine } = await start();
  const model = buildModel("cnn", { inputShape: [32, 32, 3], classes: 10 }, Training.parse({ channels: [4, 6] }));
  for (const rows of [1, 2, 3, 8, 33]) {
    const pictures = Array.from({ length: rows }, (_, row) => input.map((value) => (value * (row + 1)) / rows));
    const answers = await Promise.all(pictures.map((each) => engine.predict(each, nobody)));
    for (const [row, values] of pictures.entries()) {
      const expected = tf.tidy(() => (model.predict(tf.tensor(values, [1, 32, 32, 3])) as tf.Tensor).dataSync());
      for (const [at, value] of expected.entries()) expect(answers[row]?.[at]).toBeCloseTo(value, 5);
    }
  }
});

test("killed, it is away, says so to who asks and who waits, and comes back by itself", async () => {
  const { engine, lines, pid } = await start();
  const before = pid();
  process.kill(before, "SIGSTOP"); // so that something waits
  const waiting = [1, 2, 3].map(async () => engine.predict(input, nobody));
  process.kill(before, "SIGKILL");
  for (const answer of await Promise.allSettled(waiting)) {
    expect(answer).toMatchObject({ status: "rejected", reason: expect.any(UnavailableError) });
  }
  expect(engine.unavailable()).toContain("started again");
  expect(() => engine.predict(input, nobody)).toThrow(UnavailableError);
  await expect.poll(() => engine.unavailable(), { timeout: 60_000 }).toBeUndefined();
  expect(pid()).not.toBe(before);
  expect(engine.load?.restarts()).toBe(1);
  expect(await engine.predict(input, nobody)).toHaveLength(10);
  expect(lines.join("\n")).toContain("SIGKILL");
});

test("a batch that takes longer than it may costs the process, and nobody hangs", async () => {
  const { engine, pid, lines } = await start({ executionTimeoutMs: 300 });
  process.kill(pid(), "SIGSTOP");
  await expect(engine.predict(input, nobody)).rejects.toBeInstanceOf(UnavailableError);
  expect(lines.join("\n")).toContain("took longer than 300 ms");
  await expect.poll(() => engine.unavailable(), { timeout: 60_000 }).toBeUndefined();
});

test("a package that was damaged meanwhile keeps it away, with the reason", async () => {
  const { engine, folder, pid } = await start();
  await truncate(join(folder, "weights.bin"), 8);
  process.kill(pid(), "SIGKILL");
  await expect.poll(() => engine.unavailable(), { timeout: 60_000 }).toContain("weights.bin");
});

test("its process ends with it", async () => {
  const { engine, pid } = await start();
  const own = pid();
  await engine.close();
  expect(() => process.kill(own, 0)).toThrow("ESRCH");
});
