import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Fault, type FaultyProxy, type SeenRequest, startFaultyProxy, times } from "#test/parts/faulty-proxy.ts";
import { runProgram } from "#test/parts/program.ts";
import { type S3Server, startS3 } from "#test/parts/s3.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { textData, textsByRole } from "#test/parts/text-data.ts";
import { loadDataset, type TextDataset } from "#training/data/dataset.ts";
import { checkpointManifest, openCheckpoint } from "#training/pretrained/files.ts";
import { openStorage } from "#training/storage/open.ts";

const sample = resolve(import.meta.dirname, "../../../training/data/samples/sample-small/requests.csv");
const stored = textData({ path: "large-dataset", root: "s3://datasets" });
const checkpoint = "s3://models/pretrained/small";
const everyTime = Number.POSITIVE_INFINITY;

const stack = new AsyncDisposableStack();
let server: S3Server;
let proxy: FaultyProxy;
let local: TextDataset;
let folder: string;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder()).path;
  server = stack.use(await startS3({ buckets: ["datasets", "models"] }));
  proxy = stack.use(await startFaultyProxy(server.endpoint));
  for (const [name, value] of Object.entries(server.variables)) vi.stubEnv(name, value);
  await openStorage("s3://datasets").write("large-dataset/requests.csv", await readFile(sample));
  await writeSmallCheckpoint(join(folder, "checkpoint"));
  await openStorage("s3://models/pretrained").upload(join(folder, "checkpoint"), "small");
  vi.stubEnv("AWS_ENDPOINT_URL_S3", proxy.uri);
  local = await loadDataset(textData({ path: sample, root: "/" }));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await stack.disposeAsync();
});

const isObject = ({ method, query }: SeenRequest) => method === "GET" && !query.has("list-type");
const isListing = ({ method, query }: SeenRequest) => method === "GET" && query.has("list-type");
const isOf = (bucket: string) => (request: SeenRequest) => request.path.startsWith(`/${bucket}`);

describe("texts and a checkpoint in S3 are read whole after", () => {
  test.each<[string, number, Fault, (request: SeenRequest) => boolean]>([
    ["two answers of 503", 2, { kind: "answer", status: 503 }, isObject],
    ["two listings answered 500", 2, { kind: "answer", status: 500 }, isListing],
    ["two broken connections", 2, { kind: "reset" }, isObject],
    ["bodies that break off twice", 2, { kind: "truncate", afterBytes: 10_000 }, isObject],
    ["slow answers", everyTime, { kind: "delay", ms: 50 }, () => true],
  ])("%s", async (_, count, fault, matches) => {
    let met = 0;
    const meet = () => {
      const faults = times(count, fault, matches);
      proxy.fault = (request) => {
        const found = faults(request);
        if (found) met += 1;
        return found;
      };
    };
    meet();
    const dataset = await loadDataset(stored);
    expect(textsByRole(dataset)).toEqual(textsByRole(local));
    expect(dataset.summary.fingerprint).toBe(local.summary.fingerprint);
    meet();
    const options = { root: folder, info: () => undefined };
    const [there, here] = [await openCheckpoint(checkpoint, options), await openCheckpoint("checkpoint", options)];
    expect(checkpointManifest(there)).toEqual(checkpointManifest(here));
    expect(met).toBeGreaterThanOrEqual(2);
  });
});

describe("training on texts in S3 ends before its first step, naming bucket and key, when", () => {
  const datasets = isOf("datasets");
  const object = "s3://datasets/large-dataset/requests.csv";
  const config = "s3://models/pretrained/small/config.json";
  const file = (bucket: string) => (request: SeenRequest) => isOf(bucket)(request) && isObject(request);
  const cases: [string, { set?: string; fault?: FaultyProxy["fault"]; code: number; told: RegExp }][] = [
    [
      "the data's bucket is missing",
      {
        set: "data.root=s3://nowhere",
        code: 42,
        told: /s3:\/\/nowhere\/large-dataset: .* has no bucket nowhere: create it/,
      },
    ],
    ["the data's key is wrong", { set: "data.path=absent", code: 42, told: /s3:\/\/datasets\/absent: no such object/ }],
    [
      "the checkpoint's bucket is missing",
      {
        set: "training.transformer.checkpoint=s3://nowhere/small",
        code: 42,
        told: /s3:\/\/nowhere\/small\/config\.json: .* has no bucket nowhere/,
      },
    ],
    [
      "the checkpoint's key is wrong",
      {
        set: "training.transformer.checkpoint=s3://models/absent",
        code: 42,
        told: /the checkpoint s3:\/\/models\/absent lacks config\.json, model\.safetensors/,
      },
    ],
    [
      "the server keeps failing",
      {
        fault: times(everyTime, { kind: "answer", status: 503 }, datasets),
        code: 1,
        told: /can't list s3:\/\/datasets\/large-dataset\/?: .* answered 503, 5 times in a row/,
      },
    ],
    [
      "the data is damaged on the way",
      {
        fault: times(everyTime, { kind: "flipAnswer" }, file("datasets")),
        code: 1,
        told: new RegExp(`can't read ${object}: what came is not what was stored`),
      },
    ],
    [
      "the checkpoint is damaged on the way",
      {
        fault: times(everyTime, { kind: "flipAnswer" }, file("models")),
        code: 1,
        told: new RegExp(`can't read ${config}: what came is not what was stored`),
      },
    ],
  ];

  test.each(cases)("%s", async (_, { set, fault = () => undefined, code, told }) => {
    proxy.fault = fault;
    const sets = [
      `training.transformer.checkpoint=${checkpoint}`,
      "training.transformer.maxTokens=48",
      ...(set ? [set] : []),
    ];
    const args = ["--env", "prod", "--model", "text", ...sets.flatMap((setting) => ["--set", setting])];
    const ended = await runProgram("training/train/main.ts", args, {
      env: { SLIPWAY_OUTPUTS: join(folder, "outputs") },
    });
    expect(ended.output).toMatch(told);
    expect(ended.code).toBe(code);
    expect(await openStorage("s3://models/production", ".", server).list("text")).toEqual([]);
  });
});
