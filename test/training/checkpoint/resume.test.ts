import { once } from "node:events";
import { watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { startS3 } from "#test/parts/s3.ts";
import { createTrainingCheckout, type Training, type TrainOptions } from "#test/parts/training-checkout.ts";
import type { Candidate } from "#training/candidate.ts";
import { createMlflowClient, type MlflowClient } from "#training/mlflow/client.ts";
import { openStorage } from "#training/storage/open.ts";

const epochs = 600;
const timeout = 180_000;
const anEpoch = /epoch \d+\/\d+:/;

let checkout: Awaited<ReturnType<typeof createTrainingCheckout>>;
let client: MlflowClient;
let trackingUri: string;
let unbroken: Candidate;

beforeAll(async () => {
  ({ uri: trackingUri } = await sharedMlflow());
  client = createMlflowClient({ trackingUri });
  checkout = await createTrainingCheckout();
  unbroken = await finish(await start("unbroken"));
}, timeout);

afterAll(async () => {
  await client.close();
  await checkout[Symbol.asyncDispose]();
});

/** Starts the training `name`: iris, long enough to be stopped, a checkpoint every few milliseconds. */
function start(name: string, { outputs = name, set = [], env = {} }: Partial<TrainOptions> = {}): Promise<Training> {
  const knobs = { epochs, patience: epochs, checkpointSeconds: 0.05 };
  const settings = Object.entries(knobs).map(([knob, value]) => `training.${knob}=${value}`);
  return checkout.start({ outputs, trackingUri, env, set: [...settings, `tracking.experiment=${name}`, ...set] });
}

async function finish(training: Training): Promise<Candidate> {
  expect(await training.ended, training.output()).toBe(0);
  return await checkout.candidate(training);
}

async function stop(training: Training, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  training.child.kill(signal);
  expect(await training.ended, training.output()).toBe(signal === "SIGTERM" ? 143 : null);
}

async function runsOf(experiment: string) {
  return await client.searchRuns({ experimentIds: [await client.getOrCreateExperiment(experiment)] });
}

/** The same weights and curves as the unbroken training; one run that is finished and holds every point once. */
async function expectAsUnbroken(experiment: string, candidate: Candidate): Promise<void> {
  const values = ({ curves }: Candidate) => curves.map(({ seconds: _, ...point }) => point);
  expect(values(candidate)).toEqual(values(unbroken));
  expect(candidate.modelDigest).toBe(unbroken.modelDigest);
  const [run, ...others] = await runsOf(experiment);
  expect(others).toEqual([]);
  expect(run).toMatchObject({ status: "FINISHED", runId: candidate.run?.runId });
  expect(run?.params["epochs"]).toBe(`${epochs}`);
  for (const [key, name] of Object.entries({ loss: "loss", val_accuracy: "validationAccuracy" } as const)) {
    const points = (await client.metricHistory(run?.runId ?? "", key)).toSorted((a, b) => a.step - b.step);
    expect(points.map(({ step, value }) => ({ step, value }))).toEqual(
      unbroken.curves.map((point) => ({ step: point.epoch, value: point[name] })),
    );
  }
}

async function checkpointsOf(outputs: string): Promise<string> {
  const models = join(checkout.outputsOf(outputs), "models/iris");
  const [hash = ""] = await readdir(models);
  return join(models, hash, "checkpoints");
}

test("stopped and killed at random moments, it ends as if it had not been", { timeout }, async () => {
  const signals = ["SIGTERM", "SIGKILL", "SIGTERM"] as const;
  for (const [index, signal] of signals.entries()) {
    const training = await start("random");
    await training.printed(new RegExp(`epoch ${Math.floor(70 * (index + Math.random()) + 1)}/`));
    await sleep(Math.random() * 5);
    await stop(training, signal);
    const [run, ...others] = await runsOf("random");
    expect(others).toEqual([]);
    if (signal === "SIGTERM") expect(run?.status).toBe("KILLED");
  }
  const last = await start("random");
  await last.printed(anEpoch);
  expect(last.output()).toMatch(/goes on from a checkpoint: epoch \d+, batch \d/);
  await expectAsUnbroken("random", await finish(last));
  const left = await readdir(await checkpointsOf("random"));
  expect(left.filter((file) => !file.includes(".tmp-"))).toEqual([]); // of a write that was killed
});

test("killed inside of a checkpoint's write, it has the checkpoint before", { timeout }, async () => {
  for (const written of [/safetensors\.tmp-/, /jsonl\.tmp-/, /pointer\.json\.tmp-/]) {
    const training = await start("inside");
    await training.printed(anEpoch);
    const watcher = watch(await checkpointsOf("inside"));
    for await (const [, file] of onChanges(watcher)) {
      if (written.test(file) && training.child.kill("SIGKILL")) break;
    }
    watcher.close();
    expect(await training.ended, training.output()).toBe(null);
  }
  await expectAsUnbroken("inside", await finish(await start("inside")));
});

async function* onChanges(watcher: ReturnType<typeof watch>): AsyncGenerator<[string, string]> {
  for (;;) yield (await once(watcher, "change")) as [string, string];
}

test("on another machine, the newest checkpoint in S3 damaged, it goes on from the one before", {
  timeout,
}, async () => {
  await using s3 = await startS3();
  const uri = `s3://${s3.bucket}/models`;
  const place = { env: s3.variables, set: [`models.uri=${uri}`] };
  const first = await start("moved", place);
  await first.printed(/epoch 200\//);
  await stop(first, "SIGTERM");
  const storage = openStorage(uri, checkout.path, s3);
  const newest = (await storage.list("iris")).findLast((key) => key.endsWith(".safetensors")) ?? "";
  const bytes = (await storage.read(newest)) ?? Buffer.alloc(0);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await storage.write(newest, bytes);
  const second = await start("moved", { ...place, outputs: "another-machine" });
  const candidate = await finish(second);
  expect(second.output()).toContain(`${newest} is damaged: going back to the one before`);
  expect(second.output()).toContain("goes on from a checkpoint");
  await expectAsUnbroken("moved", candidate);
  expect((await storage.list("iris")).filter((key) => key.includes("/checkpoints/"))).toEqual([]);
});

test("of two programs at one training the later takes it over, and the other says so and stops", {
  timeout,
}, async () => {
  const first = await start("two");
  await first.printed(anEpoch);
  const second = await start("two");
  expect(await first.ended, first.output()).toBe(1);
  expect(first.output()).toMatch(/another program took over this training.*loses nothing/);
  await expectAsUnbroken("two", await finish(second));
});
