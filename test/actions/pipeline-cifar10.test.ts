import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { cifar10Files, recordBytes, writeCifar10 } from "#test/parts/cifar10.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { runProgram } from "#test/parts/program.ts";
import { runOracle } from "#test/parts/python.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

const settings = ["epochs=3", "channels=[6, 8]", "batchSize=32", "learningRate=0.01", "dropout=0.1", "warmupEpochs=0"];

/** `npm start -- --model cifar10` on images and with outputs of its own; a small network that learns within a second or two. */
async function createRoad() {
  const { uri } = await sharedMlflow();
  const folder = await temporaryFolder();
  const env = { SLIPWAY_OUTPUTS: join(folder.path, "outputs"), MLFLOW_TRACKING_URI: uri };
  const sets = [...settings.map((setting) => `training.${setting}`), `data.root=${folder.path}`];
  const args = ["--model", "cifar10", ...sets.flatMap((set) => ["--set", set])];
  return {
    path: folder.path,
    env,
    client: createMlflowClient({ trackingUri: uri }),
    start: (...more: string[]) => runProgram("actions/pipeline.ts", [...args, ...more], { env }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

test("images go the whole road: discarded under one gate, promoted over another, and served", async () => {
  await using road = await createRoad();
  await writeCifar10(road.path);

  const discarded = await road.start("--set", "gate.minimum=1.01");
  expect(discarded.output).toMatch(/discarded: accuracy .* is under the minimum/);
  expect(discarded.code).toBe(3);
  const [hash] = await readdir(join(road.env.SLIPWAY_OUTPUTS, "models/cifar10"));
  const candidateFile = join(road.env.SLIPWAY_OUTPUTS, `models/cifar10/${hash}/candidate/candidate.json`);
  const { run, device } = JSON.parse(await readFile(candidateFile, "utf8"));
  expect(device.backend).toBe("cpu");
  expect((await road.client.getRun(run.runId)).tags).toMatchObject({ verdict: "fail" });

  const promoted = await road.start("--set", "gate.minimum=0.3");
  expect(promoted.output).toContain("is promoted to dev");
  expect(promoted.code).toBe(0);
  const release = Release.parse(
    JSON.parse(await readFile(join(road.env.SLIPWAY_OUTPUTS, "cifar10/release.json"), "utf8")),
  );
  expect(release.runId).toBe(run.runId);
  const { artifactUri, params } = await road.client.getRun(run.runId);
  expect(params).toMatchObject({ epochs: "3", optimizer: "adamw", "training.augmentation.flip": "true" });
  expect((await road.client.listArtifacts(artifactUri)).map(({ path }) => path)).toEqual(
    expect.arrayContaining(["class_names.txt", "model_summary.txt", "sample_predictions.svg", "learning_curves.svg"]),
  );
  const version = await road.client.getModelVersion("cifar10", release.version);
  expect(version).toMatchObject({ stage: "Staging" });

  await using server = await startServing(["--model", "cifar10"], road.env);
  await expectOneAnswer(server.url, cifar10Files()["test_batch.bin"] ?? Buffer.alloc(0));
}, 180_000);

test("a batch that is cut off ends the road with exit code 42, file and record, before anything is trained", async () => {
  await using road = await createRoad();
  const files = cifar10Files();
  await writeCifar10(road.path, {
    ...files,
    "data_batch_4.bin": (files["data_batch_4.bin"] ?? Buffer.alloc(0)).subarray(0, 10_000),
  });
  const { code, output } = await road.start();
  expect(output).toContain(`data_batch_4.bin, record 4: has ${10_000 - 3 * recordBytes} of ${recordBytes} bytes`);
  expect(code).toBe(42);
  expect(output).not.toMatch(/epoch \d/);
}, 60_000);

/** The same image is answered alike whatever its body, and wrong bodies with 422. */
async function expectOneAnswer(url: string, batch: Buffer): Promise<void> {
  const planes = batch.subarray(1, recordBytes);
  const pixels = Uint8Array.from({ length: 3072 }, (_, at) => planes[(at % 3) * 1024 + Math.floor(at / 3)] ?? 0);
  const rows = Array.from({ length: 32 }, (_, row) =>
    Array.from({ length: 32 }, (__, column) =>
      [0, 1, 2].map((channel) => (pixels[(row * 32 + column) * 3 + channel] ?? 0) / 255),
    ),
  );
  const png = Uint8Array.from(encode({ width: 32, height: 32, channels: 3, depth: 8, data: pixels }));
  const ask = async (type: string, body: string | Uint8Array<ArrayBuffer>) => {
    const response = await fetch(`${url}/predict`, { method: "POST", headers: { "content-type": type }, body });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
  const answers = [
    await ask("image/png", png),
    await ask("application/octet-stream", pixels),
    await ask("application/json", JSON.stringify(rows)),
  ];
  for (const { status, answer } of answers) {
    expect(status).toBe(200);
    expect(answer).toEqual(answers[0]?.answer);
  }
  expect(Object.keys(answers[0]?.answer["probabilities"] as object)).toHaveLength(10);
  const kinds = await runOracle("test/serving/formats/jpeg_oracle.py", { width: 32, height: 32 });
  const { progressive } = kinds as Record<"progressive", { jpeg: string; pixels: number[] }>;
  const asBytes = await ask("application/octet-stream", Uint8Array.from(progressive.pixels));
  expect(asBytes.status).toBe(200);
  expect(await ask("image/jpeg", Uint8Array.from(Buffer.from(progressive.jpeg, "base64")))).toEqual(asBytes);
  expect(await ask("application/json", JSON.stringify({ image: progressive.jpeg }))).toEqual(asBytes);
  expect((await ask("application/octet-stream", pixels.subarray(1))).status).toBe(422);
  expect((await ask("image/png", png.subarray(0, 100))).status).toBe(422);
}
