import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { type Checkpoint, decodeCheckpoint } from "#training/checkpoint/checkpoint.ts";
import { createKeeper } from "#training/checkpoint/keeper.ts";
import { TakenOverError } from "#training/checkpoint/taken-over-error.ts";
import { readJournal } from "#training/mlflow/journal.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

type Saved = { state?: Uint8Array | undefined; journal: Uint8Array };

const curve = (epoch: number) => ({
  ...{ epoch, loss: 1 / 3, accuracy: 0.5, validationLoss: 1e-300, validationAccuracy: 1, seconds: 0.1 },
});

function checkpointAt(epoch: number): Checkpoint {
  const met = { rows: 32, loss: 0.1 + 0.2, right: 3, learningRate: 1e-3 };
  const position = { epoch, batch: 2, steps: 7, met, seconds: 0.5, best: { epoch: 1, loss: 1e-300 } };
  const state = [{ slot: "weights", index: 0, shape: [2], values: Float32Array.of(1, epoch) }];
  const spent = { startedAt: new Date(0).toISOString(), seconds: 1, cpuSeconds: 2 };
  return { snapshot: { position, state }, curves: [curve(1)], spent };
}

/** A keeper whose store does what `save` says. */
async function keeping(save: (saved: Saved) => Promise<void>, everySeconds = 0) {
  const folder = await temporaryFolder();
  const tracker = createTracker({ journalPath: join(folder.path, "journal"), client: undefined, experiment: "e" });
  const told: string[] = [];
  const store = { save, confirm: () => Promise.resolve() };
  const keeper = createKeeper({ store, tracker, everySeconds, info: (line) => void told.push(line) });
  return {
    keeper,
    tracker,
    told,
    async [Symbol.asyncDispose]() {
      tracker.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("a checkpoint holds what was true when it was taken, and releases that part of the journal once it is safe", async () => {
  const saves: Saved[] = [];
  const gate = Promise.withResolvers<void>();
  await using here = await keeping(async (saved) => {
    saves.push(saved);
    await gate.promise;
  });
  const { keeper, tracker } = here;
  tracker.logMetrics(1, { loss: 1 });
  const { offset } = tracker;
  const checkpoint = checkpointAt(2);
  keeper.start(checkpoint);
  checkpoint.curves.push(curve(2)); // training goes on
  tracker.logMetrics(2, { loss: 0.5 });
  await sleep(20);
  expect(keeper.due()).toBe(false);
  gate.resolve();
  await keeper.confirm();
  expect(keeper.due()).toBe(true);
  expect(saves[0]?.journal).toHaveLength(offset);
  expect(decodeCheckpoint(saves[0]?.state ?? new Uint8Array())).toEqual(checkpointAt(2));
  expect((await readJournal(tracker.journalPath)).at(-1)?.entry).toEqual({ kind: "durable", offset });
});

test("it is time for a checkpoint after so many seconds", async () => {
  await using here = await keeping(() => Promise.resolve(), 0.05);
  expect(here.keeper.due()).toBe(false);
  await sleep(60);
  expect(here.keeper.due()).toBe(true);
});

test("a storage that fails costs a checkpoint and not the training; nothing is released", async () => {
  await using here = await keeping(() => Promise.reject(new Error("bucket models is away")));
  here.keeper.start(checkpointAt(1));
  await here.keeper.confirm();
  expect(here.told).toEqual(["no checkpoint was written, training goes on: bucket models is away"]);
  expect(here.keeper.due()).toBe(true);
  expect((await readJournal(here.tracker.journalPath)).map(({ entry }) => entry.kind)).toEqual(["start"]);
  await expect(here.keeper.finish(checkpointAt(1))).rejects.toThrow("bucket models is away");
});

test("training that was taken over ends at the next batch", async () => {
  await using here = await keeping(() => Promise.reject(new TakenOverError("here")));
  here.keeper.start(checkpointAt(1));
  await here.keeper.confirm();
  expect(() => here.keeper.due()).toThrow(TakenOverError);
  expect(here.told).toEqual([]);
});

test("the last checkpoint waits for the one on its way", async () => {
  const order: number[] = [];
  await using here = await keeping(async ({ state }) => {
    await sleep(order.length === 0 ? 30 : 0);
    order.push(decodeCheckpoint(state ?? new Uint8Array()).snapshot.position.epoch);
  });
  here.keeper.start(checkpointAt(1));
  await here.keeper.finish(checkpointAt(2));
  expect(order).toEqual([1, 2]);
});
