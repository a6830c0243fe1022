import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { Serving } from "#config/serving.ts";
import { type BatchAnswer, createBatcher } from "#serving/engine/batcher.ts";
import { type Asker, UnavailableError } from "#serving/engine/engine.ts";
import { planOfTexts } from "#serving/engine/plan.ts";

afterEach(() => {
  vi.useRealTimers();
});

const nobody: Asker = { isGone: () => false, charge: () => undefined };

interface Batch {
  readonly inputs: readonly number[];
  answer(fault?: Error): void;
}

/** A batcher whose batches wait to be answered by the test; an input's answer is its double. */
function start(dynamicBatching: object = {}, { maxBatchSize = 4, rowMs = 1 } = {}) {
  const batches: Batch[] = [];
  const knobs = Serving.parse({ dynamicBatching });
  const batcher = createBatcher({
    ...knobs,
    plan: {
      most: maxBatchSize,
      sizeOf: () => 1,
      choose: (sizes) => sizes.map((_, at) => at < maxBatchSize),
      batchMs: (rows) => rows * rowMs,
    },
    compute(rows) {
      const inputs = rows.map(([input = Number.NaN]) => input);
      const { promise, resolve, reject } = Promise.withResolvers<BatchAnswer>();
      const answer = (fault?: Error) =>
        fault
          ? reject(fault)
          : resolve({ probabilities: Float32Array.from(inputs, (input) => 2 * input), cpuMs: 3 * rows.length });
      batches.push({ inputs, answer });
      return promise;
    },
  });
  const ask = (input: number, asker: Partial<Asker> = {}) => {
    const answer = batcher.ask(Float32Array.of(input), { ...nobody, ...asker }).then(([first]) => first);
    answer.catch(() => undefined); // what a test leaves behind is turned away after it
    return answer;
  };
  const answerNext = async () => {
    batches.at(-1)?.answer();
    await sleep(0);
  };
  return { batcher, batches, ask, answerNext, asked: () => batches.map(({ inputs }) => inputs) };
}

test("the first goes at once, and what comes while it is computed goes together, up to a batch", async () => {
  const { ask, answerNext, asked } = start();
  const answers = [1, 2, 3, 4, 5, 6].map((input) => ask(input));
  expect(asked()).toEqual([[1]]);
  await answerNext();
  expect(asked()).toEqual([[1], [2, 3, 4, 5]]);
  await answerNext();
  await answerNext();
  expect(asked()).toEqual([[1], [2, 3, 4, 5], [6]]);
  expect(await Promise.all(answers)).toEqual([2, 4, 6, 8, 10, 12]);
});

test("the model gets its next batch before anybody is told of the last", async () => {
  const { batcher, answerNext, asked } = start();
  const begun = batcher.ask(Float32Array.of(1), nobody).then(() => asked().length);
  void batcher.ask(Float32Array.of(2), nobody);
  await answerNext();
  expect(await begun).toBe(2);
});

test("each is charged its share of the batch's CPU time, and the batch is told of", async () => {
  const { ask, answerNext, batcher } = start();
  const charged: number[] = [];
  const sizes: number[] = [];
  batcher.onBatch(({ rows, queueMs }) => sizes.push(rows, queueMs.length));
  const answers = [1, 2, 3].map((input) => ask(input, { charge: (cpuMs) => void charged.push(cpuMs) }));
  await answerNext();
  await answerNext();
  await Promise.all(answers);
  expect(charged).toEqual([3, 3, 3]);
  expect(sizes).toEqual([1, 1, 2, 2]);
});

test("with a delay a batch waits to become fuller, but not for longer, and not when it is full", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const { ask, asked, batches } = start({ maxQueueDelayMicroseconds: 20_000 });
  void ask(1);
  vi.advanceTimersByTime(19);
  void ask(2);
  expect(asked()).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(asked()).toEqual([[1, 2]]);
  for (const input of [3, 4, 5, 6]) void ask(input);
  batches[0]?.answer();
  await vi.waitFor(() =>
    expect(asked()).toEqual([
      [1, 2],
      [3, 4, 5, 6],
    ]),
  );
});

test("the first priority goes first, the rest in order of arrival", async () => {
  const { ask, answerNext, asked } = start({ priorityLevels: 3, defaultPriorityLevel: 2 });
  void ask(0);
  void ask(30, { priority: 3 });
  void ask(20);
  void ask(10, { priority: 1 });
  void ask(21);
  void ask(99, { priority: 99 });
  await answerNext();
  await answerNext();
  expect(asked()).toEqual([[0], [10, 20, 21, 30], [99]]);
});

test("what clients left is not computed", async () => {
  const { ask, answerNext, asked, batcher } = start();
  let isGone = false;
  void ask(1);
  void ask(2, { isGone: () => isGone });
  void ask(3);
  isGone = true;
  await answerNext();
  expect(asked()).toEqual([[1], [3]]);
  expect(batcher.queued()).toBe(0);
});

test("a full queue and too much work are turned away at once, with a time to come back that differs", async () => {
  const full = start({ defaultQueuePolicy: { maxQueueSize: 2 } });
  for (const input of [1, 2, 3]) void full.ask(input);
  expect(() => full.ask(4)).toThrow(UnavailableError);
  const slow = start({ defaultQueuePolicy: { maxQueueMs: 500 } }, { rowMs: 200 });
  for (const input of [1, 2, 3]) void slow.ask(input);
  const delays = Array.from({ length: 50 }, () => {
    try {
      void slow.ask(4);
    } catch (error) {
      return error instanceof UnavailableError ? error.retryAfterSeconds : 0;
    }
    return 0;
  });
  expect(new Set(delays)).toEqual(new Set([2, 3, 4])); // 600 ms of work, and chance
});

/** How many it takes until it turns one away. */
function fill({ ask }: Pick<ReturnType<typeof start>, "ask">): number {
  for (let taken = 0; ; taken++) {
    try {
      void ask(taken);
    } catch {
      return taken;
    }
  }
}

test("it keeps three quarters of a second of work, more of it when batches turn out faster than they were measured, and less when slower", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  expect(fill(start({}, { rowMs: 10 }))).toBe(76); // the last is taken while there is no more than 750 ms
  const after = async (batchMs: number) => {
    const started = start({}, { rowMs: 10 });
    for (let batch = 0; batch < 100; batch++) {
      void started.ask(batch);
      vi.advanceTimersByTime(batchMs);
      await started.answerNext();
    }
    return fill(started);
  };
  expect(await after(5)).toBe(150);
  expect(await after(100)).toBe(8);
});

test("those who left make room in a full queue", () => {
  const { ask, batcher } = start({ defaultQueuePolicy: { maxQueueSize: 1 } });
  void ask(1);
  let isGone = false;
  void ask(2, { isGone: () => isGone });
  expect(() => ask(3)).toThrow(UnavailableError);
  isGone = true;
  void ask(3);
  expect(batcher.queued()).toBe(1);
});

test("who waits for too long is told so, and a request may ask for less patience but not for more", async () => {
  const { ask } = start({ defaultQueuePolicy: { defaultTimeoutMicroseconds: 300_000 } });
  void ask(1);
  const from = performance.now();
  const waited = (answer: Promise<unknown>) =>
    answer.then(
      () => Number.NaN,
      (error) => (error instanceof UnavailableError ? performance.now() - from : Number.NaN),
    );
  const [byDefault, less, more] = await Promise.all([
    waited(ask(2)),
    waited(ask(3, { timeoutMs: 50 })),
    waited(ask(4, { timeoutMs: 60_000 })),
  ]);
  expect(less).toBeLessThan(byDefault);
  expect(more).toBeLessThan(30_000);
});

test("a batch that fails is told to those in it and to nobody else", async () => {
  const { ask, batches, answerNext } = start();
  const first = ask(1);
  const second = ask(2);
  batches[0]?.answer(new Error("out of memory"));
  await expect(first).rejects.toThrow("out of memory");
  await answerNext();
  expect(await second).toBe(4);
});

test("a row whose answer is no number fails alone", async () => {
  const { ask, answerNext } = start();
  const first = ask(0);
  const others = Promise.allSettled([ask(Number.NaN), ask(5)]);
  await answerNext();
  await answerNext();
  expect(await others).toEqual([
    { status: "rejected", reason: expect.objectContaining({ message: expect.stringContaining("could not compute") }) },
    { status: "fulfilled", value: 10 },
  ]);
  expect(await first).toBe(0);
});

test("emptied, it turns away all that waits and goes on afterwards", async () => {
  const { ask, batcher, answerNext } = start();
  const first = ask(1);
  const second = ask(2);
  batcher.empty("the model is away");
  await expect(second).rejects.toThrow("the model is away");
  await answerNext();
  expect(await first).toBe(2);
  const third = ask(3);
  await answerNext();
  expect(await third).toBe(6);
});

test("of texts those go together that fill a batch, and what found no room goes first in the next", async () => {
  const batches: { lengths: number[]; answer(): void }[] = [];
  const shapes = [1, 2].map((rows) => ({ rows, width: 10, texts: 3 }));
  const timings = [
    { size: 10, ms: 1 },
    { size: 20, ms: 2 },
  ];
  const batcher = createBatcher({
    ...Serving.parse({}),
    plan: planOfTexts(shapes, timings),
    compute(inputs) {
      const lengths = inputs.map((input) => input.indexOf(-1));
      const { promise, resolve } = Promise.withResolvers<BatchAnswer>();
      batches.push({ lengths, answer: () => resolve({ probabilities: Float32Array.from(lengths), cpuMs: 0 }) });
      return promise;
    },
  });
  const ask = (length: number) => batcher.ask(new Float32Array(11).fill(-1).fill(7, 0, length), nobody);
  const answers = [5, 7, 8, 6, 3, 2, 1].map(ask);
  for (let at = 0; at < 3; at++) {
    await sleep(0);
    batches[at]?.answer();
  }
  expect((await Promise.all(answers)).map(([answer]) => answer)).toEqual([5, 7, 8, 6, 3, 2, 1]);
  expect(batches.map(({ lengths }) => lengths)).toEqual([[5], [7, 8, 3, 2], [6, 1]]);
});
