import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Fault, type FaultyProxy, type SeenRequest, startFaultyProxy } from "#test/parts/faulty-proxy.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { type S3Server, startS3 } from "#test/parts/s3.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createTrainingCheckout, type Training, type TrainOptions } from "#test/parts/training-checkout.ts";
import { storedPoints } from "#test/training/mlflow/recorded.ts";
import { createMlflowClient, type MlflowClient } from "#training/mlflow/client.ts";
import { verifyFiles } from "#training/package/verify.ts";
import { Release } from "#training/release.ts";
import { openStorage } from "#training/storage/open.ts";

const sample = resolve(import.meta.dirname, "../../training/data/samples/sample-small/requests.csv");
const checkpoint = "s3://models/pretrained/small";
const epochs = 12;
const knobs = { epochs, patience: epochs, learningRate: 0.003, checkpointSeconds: 0.05 };
const timeout = 300_000;

let s3: S3Server;
let checkout: Awaited<ReturnType<typeof createTrainingCheckout>>;
let trackingUri: string;
let client: MlflowClient;

/** The buckets of config/prod.yaml, with the sample and a little more as production's data, and a checkpoint. */
beforeAll(async () => {
  ({ uri: trackingUri } = await sharedMlflow());
  client = createMlflowClient({ trackingUri });
  s3 = await startS3({ buckets: ["datasets", "models"] });
  const data = openStorage("s3://datasets/large-dataset", ".", s3);
  await data.write("requests.csv", await readFile(sample));
  await data.write("more.csv", Buffer.from("text,label\nThe courier rang at another door.,delivery\n"));
  await using folder = await temporaryFolder();
  await writeSmallCheckpoint(folder.path);
  await openStorage("s3://models/pretrained", ".", s3).upload(folder.path, "small");
  checkout = await createTrainingCheckout();
}, timeout);

afterAll(async () => {
  await client.close();
  await checkout[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
});

/** The text model in prod as config/prod.yaml and config/models/text.yaml have it, but for a small checkpoint and quick epochs. */
function start(
  experiment: string,
  { program = "training/train/main.ts", outputs = experiment, set = [], env = {} }: Partial<TrainOptions> = {},
): Promise<Training> {
  const settings = Object.entries({ ...knobs, "transformer.checkpoint": checkpoint, "transformer.maxTokens": 48 });
  const training = settings.map(([knob, value]) => `training.${knob}=${value}`);
  return checkout.start({
    ...{ program, outputs, trackingUri, model: "text", environment: "prod" },
    env: { ...s3.variables, ...env },
    set: [...training, `tracking.experiment=${experiment}`, ...set],
  });
}

async function runsOf(experiment: string) {
  return await client.searchRuns({ experimentIds: [await client.getOrCreateExperiment(experiment)] });
}

/** Every point of a run's training, without the time that it was reached at. */
async function pointsOf(runId: string): Promise<string[]> {
  const points = await storedPoints(client, runId);
  return points.map((point) => point.replace(/^(\S+ \S+) \S+/, "$1")).filter((point) => !point.startsWith("test_"));
}

/** A network in which every fifth request meets a fault, each kind in turn. */
function everyFifth(): FaultyProxy["fault"] {
  const faults: Fault[] = [
    { kind: "reset" },
    { kind: "answer", status: 503 },
    { kind: "truncate", afterBytes: 1000 },
    { kind: "delay", ms: 300 },
    { kind: "forget" },
  ];
  let asked = 0;
  return () => (++asked % 5 === 0 ? faults[(asked / 5) % faults.length] : undefined);
}

/** Whether a request is for a checkpoint's weights. */
function isState({ method, path }: SeenRequest, wanted: "GET" | "PUT"): boolean {
  return method === wanted && /^\/models\/production\/text\/[0-9a-f]{16}\/checkpoints\/.*safetensors$/.test(path);
}

test("texts go the whole road in prod, stopped, killed and resumed from S3 over a bad network, to the unbroken training's weights", {
  timeout,
}, async () => {
  const alone = await start("prod-unbroken", { set: ["models.uri=s3://models/unbroken"] });
  expect(await alone.ended, alone.output()).toBe(0);
  const unbroken = await checkout.candidate(alone);

  await using proxy = await startFaultyProxy(s3.endpoint);
  const bad = everyFifth();
  /** Starts the road; with a signal, that comes while a checkpoint is written. */
  const road = async (outputs: string, signal?: NodeJS.Signals) => {
    const seen = proxy.seen.length;
    const env = { AWS_ENDPOINT_URL_S3: proxy.uri };
    const program = await start("prod-road", {
      program: "actions/pipeline.ts",
      outputs,
      env,
      set: ["gate.minimum=0.5"],
    });
    let written = 0;
    proxy.fault = (request) => {
      if (signal && isState(request, "PUT") && ++written === 2) program.child.kill(signal);
      return bad(request);
    };
    const code = await program.ended;
    const resumed = proxy.seen.slice(seen).some((request) => isState(request, "GET"));
    return { code, output: program.output(), resumed };
  };
  const stopped = await road("first-machine", "SIGTERM");
  expect(stopped, stopped.output).toMatchObject({ code: 143, resumed: false });
  expect(await runsOf("prod-road")).toMatchObject([{ status: "KILLED" }]);
  const killed = await road("second-machine", "SIGKILL");
  expect(killed, killed.output).toMatchObject({ code: null, resumed: true });
  const last = await road("third-machine");
  expect(last, last.output).toMatchObject({ code: 0, resumed: true });
  expect(last.output).toContain("is promoted to prod");

  const text = await readFile(join(checkout.outputsOf("third-machine"), "text/release.json"), "utf8");
  const release = Release.parse(JSON.parse(text));
  expect(release.modelDigest).toBe(unbroken.modelDigest);
  expect(release.packageUri).toMatch(/^s3:\/\/models\/production\/text\/[0-9a-f]{16}\/candidate\/model$/);
  await using folder = await temporaryFolder();
  await openStorage(release.packageUri, ".", s3).download("", folder.path);
  await verifyFiles(folder.path, [], release.modelDigest);
  const left = await openStorage("s3://models/production", ".", s3).list("text");
  expect(left.filter((key) => key.includes("/checkpoints/"))).toEqual([]);

  const [run, ...others] = await runsOf("prod-road");
  expect(others).toEqual([]);
  expect(run).toMatchObject({ status: "FINISHED", runId: release.runId });
  const points = await pointsOf(release.runId);
  expect(points).toEqual(await pointsOf(unbroken.run?.runId ?? ""));
  expect(points.filter((point) => point.startsWith("val_loss "))).toHaveLength(epochs);
});
