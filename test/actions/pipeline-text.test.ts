import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { runProgram } from "#test/parts/program.ts";
import { startServing } from "#test/parts/serving.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { Finding } from "#training/drift/measure.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

const sample = join(import.meta.dirname, "../../training/data/samples/sample-small");
const settings = ["epochs=6", "learningRate=0.003", "transformer.maxTokens=48"];

/** `npm start -- --model text` with outputs, data and a checkpoint of its own that trains within seconds. */
async function createRoad() {
  const { uri } = await sharedMlflow();
  const folder = await temporaryFolder();
  const checkpoint = join(folder.path, "checkpoint");
  await writeSmallCheckpoint(checkpoint);
  const env = { SLIPWAY_OUTPUTS: join(folder.path, "outputs"), MLFLOW_TRACKING_URI: uri };
  const training = [...settings, `transformer.checkpoint=${checkpoint}`].map((setting) => `training.${setting}`);
  const args = ["--model", "text", ...[...training, `data.root=${folder.path}`].flatMap((set) => ["--set", set])];
  return {
    path: folder.path,
    env,
    client: createMlflowClient({ trackingUri: uri }),
    start: (...more: string[]) => runProgram("actions/pipeline.ts", [...args, ...more], { env }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

test("texts go the whole road from the sample to a served model, and are compared with the champion", async () => {
  await using road = await createRoad();
  const promoted = await road.start("--set", "gate.minimum=0.5");
  expect(promoted.output).toContain("copied the sample sample-small");
  expect(promoted.output).toContain("480 rows: account 120, billing 120, delivery 120, product 120\n");
  expect(promoted.output).toMatch(/texts of \d+ to \d+ bytes, half of them up to \d+, 95 % up to \d+\n/);
  expect(promoted.output).toContain("is promoted to dev");
  expect(promoted.code).toBe(0);
  const promotedRelease = async () =>
    Release.parse(JSON.parse(await readFile(join(road.env.SLIPWAY_OUTPUTS, "text/release.json"), "utf8")));
  const release = await promotedRelease();
  const { artifactUri } = await road.client.getRun(release.runId);
  expect((await road.client.listArtifacts(artifactUri)).map(({ path }) => path)).toEqual(
    expect.arrayContaining(["class_names.txt", "model_summary.txt", "learning_curves.svg"]),
  );

  const again = await road.start("--set", "gate.minimum=0.5", "--set", "training.seed=43");
  expect(again.output).not.toContain("incomparable");
  const report = await readFile(join(road.env.SLIPWAY_OUTPUTS, "text/report.md"), "utf8");
  expect(report).toMatch(/480 rows, 4 classes \(the champion's very data\)/);

  const log = join(road.path, "requests.jsonl");
  await using server = await startServing(["--model", "text"], { ...road.env, REQUEST_LOG: log });
  const ask = async (body: string) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}/predict`, { method: "POST", headers, body });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
  const { status, answer } = await ask(JSON.stringify({ text: "I forgot my password and can't log in." }));
  expect(status).toBe(200);
  expect(answer["class"]).toBe("account");
  expect(Object.keys(answer["probabilities"] as object)).toEqual(["account", "billing", "delivery", "product"]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  for (const input of ["tokens", "embedding_distance", "embedding_8"]) // the one text so far is in one bin of each
    expect(metrics.match(new RegExp(`^model_input_values_total{input="${input}",bin="\\d+"} 1$`, "gm"))).toHaveLength(
      1,
    );
  const list = ["I forgot my password and can't log in.", "The parcel has not arrived."].map((text) => ({ text }));
  const many = await ask(JSON.stringify(list));
  expect(many.status).toBe(200);
  expect(many.answer).toMatchObject([{ class: "account" }, { class: "delivery" }]);
  expect((await ask("[]")).status).toBe(422);
  expect((await ask(JSON.stringify([...list, { text: 1 }]))).answer).toMatchObject({
    errors: [{ field: "2.text", reason: "must be string" }],
  });
  for (const text of ["\ud800 half a character", "x".repeat(20_000), "𓀀 ".repeat(500), "\0", "   "])
    expect((await ask(JSON.stringify({ text }))).status, text.slice(0, 20)).toBeLessThan(423);
  expect((await ask(JSON.stringify({ text: "" }))).status).toBe(422);
  expect((await ask(JSON.stringify({ text: 7 }))).status).toBe(422);
  expect((await ask(JSON.stringify({ text: "a", more: 1 }))).status).toBe(422);
  expect((await ask(JSON.stringify({ text: "x".repeat(1_000_000) }))).status).toBe(413);

  const texts = (parse(await readFile(join(sample, "requests.csv")), { columns: true }) as { text: string }[]).map(
    ({ text }) => text,
  );
  const lines = async () => (await readFile(log, "utf8")).split("\n").length;
  const { packageUri } = await promotedRelease();
  /** Names of the inputs that have drifted, as the program says of these texts once they were asked. */
  const drifted = async (all: readonly string[]) => {
    const [since, before] = [new Date().toISOString(), await lines()];
    for (let at = 0; at < all.length; at += 48)
      await ask(JSON.stringify(all.slice(at, at + 48).map((text) => ({ text }))));
    await expect.poll(lines, { timeout: 30_000 }).toBe(before + all.length);
    const out = join(road.path, "drift.html");
    const args = ["--package", packageUri, "--log", log, "--since", since, "--out", out];
    const { output } = await runProgram("serving/drift/main.ts", args);
    expect(output).toContain(`: ${all.length} requests`);
    const { findings } = JSON.parse(await readFile(join(road.path, "drift.json"), "utf8")) as { findings: Finding[] };
    return findings.filter(({ kind, isDrifted }) => kind === "input" && isDrifted).map(({ name }) => name);
  };
  expect(await drifted(texts)).toEqual([]);
  expect(await drifted(texts.map((text) => text.replaceAll(/[a-z]+/g, "zq")))).toContain("embedding_distance");
}, 600_000);

test("what can't be trained on ends the road with exit code 42 and the reason", async () => {
  await using road = await createRoad();
  const { code, output } = await road.start("--set", "training.transformer.maxTokens=65");
  expect(output).toContain("it reads at most 64 tokens, less than maxTokens 65");
  expect(code).toBe(42);
  await mkdir(join(road.path, "sample-small"), { recursive: true });
  await writeFile(join(road.path, "sample-small/requests.csv"), "text,label\nwords,account\nmore,\n");
  const bad = await road.start();
  expect(bad.output).toContain("requests.csv: line 3: label is empty");
  expect(bad.code).toBe(42);
  const wrong = await road.start("--set", "architecture=softmax");
  expect(wrong.output).toContain("architecture softmax takes numbers; for texts there is transformer");
  expect(wrong.code).toBe(42);
  expect(await readdir(join(road.env.SLIPWAY_OUTPUTS, "models/text")).catch(() => [])).toEqual([]);
}, 120_000);
