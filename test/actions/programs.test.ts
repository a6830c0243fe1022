import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

// The actions as a runner starts them, one after the other, on a repository of models that holds no code
const slipway = await createActionCheckout();
const repository = await createModelsRepository();
const { uri } = await sharedMlflow();
const set = [
  "training.epochs=30",
  "training.seed=5",
  "gate.onInconclusive=pass",
  "data.root=./data",
  "models.uri=./kept",
];
const mlflow = { MLFLOW_TRACKING_URI: uri };

beforeAll(() => slipway.bundle());
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
});

interface Options {
  env?: Record<string, string>;
  settings?: readonly string[];
  cwd?: string;
  event?: unknown;
}

function act(name: string, inputs: Record<string, string>, { env, settings = [], cwd, event }: Options = {}) {
  const all = { set: [...set, ...settings].join("\n"), ...(name === "plan" ? {} : { model: "iris" }), ...inputs };
  return slipway.act(name, all, { cwd: cwd ?? repository.path, env: { ...mlflow, ...env }, event });
}

async function planned(options: Options & { in?: string } = {}) {
  const { code, outputs, output, summary } = await act(
    "plan",
    { models: "iris", ...(options.in && { env: options.in }) },
    options,
  );
  expect({ code, output }).toMatchObject({ code: 0 });
  const { include } = JSON.parse(outputs["matrix"] ?? "") as { include: Record<string, string>[] };
  expect(outputs["count"]).toBe(String(include.length));
  return { include, entry: include[0] ?? {}, output, summary };
}

/** Judges a candidate by evaluate and gate. */
async function judged(trained: Record<string, string>, options: Options & { inputs?: Record<string, string> } = {}) {
  const { candidate = "", "model-digest": modelDigest = "" } = trained;
  const inputs = { candidate, "model-digest": modelDigest, role: "test", ...options.inputs };
  const evaluated = await act("evaluate", inputs, options);
  const gated = await act("gate", options.inputs?.["env"] ? { env: options.inputs["env"] } : {}, options);
  return { evaluated, gated };
}

const registering = (trained: Record<string, string>) => ({
  candidate: trained["candidate"] ?? "",
  "model-digest": trained["model-digest"] ?? "",
  "package-uri": trained["package-uri"] ?? "",
  evaluation: "evaluation",
  verdict: "verdict.json",
});

const readRelease = async () =>
  Release.parse(JSON.parse(await readFile(join(repository.path, "release.json"), "utf8")));

/** Writes a release into its overlay, as a promotion does, and commits. */
async function promoted(image: { name: string; tag: string }) {
  const { env, version, modelDigest, packageUri, contentHash, runId } = await readRelease();
  const path = overlayPath(env, "iris");
  const source = await readFile(join(repository.path, path), "utf8");
  await repository.write(path, writeOverlay(source, { version, modelDigest, packageUri, contentHash, runId, image }));
  return await repository.commit("Promote");
}

describe("from a push to a release, and what follows from it", () => {
  let trained: Record<string, string>;
  let image: { name: string; tag: string };

  test("plan tells what to train, and why, without training or bringing data", async () => {
    const everything = await slipway.act("plan", { set: set.join("\n") }, { cwd: repository.path });
    expect(everything.code).toBe(0);
    const { include } = JSON.parse(everything.outputs["matrix"] ?? "");
    expect(include).toMatchObject([
      { model: "cifar10", kind: "train", reason: expect.stringContaining("its data is not here yet") },
      { model: "iris", kind: "train", reason: "there is no champion yet", "champion-version": "", "package-uri": "" },
      { model: "text", kind: "train", reason: "there is no champion yet" },
    ]);
    expect(everything.outputs["count"]).toBe("3");
    expect(everything.output).toContain("iris: train (there is no champion yet)");
    expect(everything.summary).toContain("| iris | **train** | there is no champion yet | none yet |");
    expect(await repository.git("status", "--porcelain", "--ignored")).toBe("");
  });

  test("train leaves a candidate and finds it again", async () => {
    const first = await act("train", {});
    expect({ code: first.code, output: first.output }).toMatchObject({ code: 0 });
    trained = first.outputs;
    expect(trained).toEqual({
      candidate: expect.stringMatching(/^outputs\/dev\/iris\/[0-9a-f]{16}\/candidate$/),
      "content-hash": expect.stringMatching(/^sha256:/),
      "model-digest": expect.stringMatching(/^sha256:/),
      "package-uri": expect.stringMatching(/^\.\/kept\/iris\/[0-9a-f]{16}\/candidate\/model$/),
      "run-id": expect.stringMatching(/^[0-9a-f]{32}$/),
      reused: "false",
      state: "trained",
    });
    expect((await act("train", {})).outputs).toEqual({ ...trained, reused: "true" });
    expect((await planned()).entry).toMatchObject({ kind: "reuse", reason: "this content was trained before" });
  });

  test("evaluate, gate and register make it a version", async () => {
    const { evaluated, gated } = await judged(trained);
    expect(evaluated).toMatchObject({ code: 0, outputs: { evaluation: "evaluation" } });
    expect(gated).toMatchObject({ code: 0, outputs: { verdict: "pass", outcome: "pass", reason: expect.any(String) } });

    const registered = await act("register", registering(trained));
    expect({ code: registered.code, output: registered.output }).toMatchObject({ code: 0 });
    expect(registered.outputs).toEqual({
      kind: "registered",
      version: expect.stringMatching(/^\d+$/),
      release: "release.json",
      "image-name": "iris",
      "image-tag": expect.stringMatching(/^iris-[0-9a-f]{12}-[0-9a-f]{12}$/),
      "serving-settings": expect.stringMatching(/^\{.*\bmaxBatchSize: 64, dynamicBatching: \{.*\}$/),
    });
    image = { name: registered.outputs["image-name"] ?? "", tag: registered.outputs["image-tag"] ?? "" };
    const client = createMlflowClient({ trackingUri: uri });
    const version = await client.getModelVersion("iris", registered.outputs["version"] ?? "");
    expect(version?.tags["model_digest"]).toBe(trained["model-digest"]);
    await client.close();
  });

  test("plan finds nothing in the commit that promotes it, also on a runner that has nothing else", async () => {
    await promoted(image);
    expect((await planned()).include).toEqual([]);
    await rm(join(repository.path, "data"), { recursive: true });
    const { include, summary } = await planned();
    expect(include).toEqual([]);
    expect(summary).toMatch(/\| iris \| \*\*nothing\*\* \| version \d+ was made of the same content \| version \d+ \|/);
  });

  test("plan names what changed since", async () => {
    const { entry } = await planned({ settings: ["training.learningRate=0.04"] });
    const champion = readOverlay(await readFile(join(repository.path, overlayPath("dev", "iris")), "utf8"));
    expect(entry).toEqual({
      model: "iris",
      kind: "train",
      reason: `changed since version ${champion?.version}: config`,
      "champion-version": champion?.version,
      "champion-digest": trained["model-digest"],
      "champion-package": trained["package-uri"],
      "package-uri": "",
      "model-digest": "",
    });
  });

  test("a change of what serves it makes an image around the same model, and no training", async () => {
    const change = join(slipway.path, "serving/another.ts");
    await writeFile(change, "// another\n");
    const { entry } = await planned();
    expect(entry).toMatchObject({
      kind: "rebuild",
      reason: expect.stringContaining(`has changed since its image ${image.tag}`),
      "package-uri": trained["package-uri"],
      "model-digest": trained["model-digest"],
    });
    const brought = await act("train", {
      "package-uri": entry["package-uri"] ?? "",
      "model-digest": entry["model-digest"] ?? "",
    });
    expect(brought).toMatchObject({ code: 0, outputs: { "model-digest": trained["model-digest"], reused: "true" } });
    const { evaluation: _, verdict: __, ...found } = registering(brought.outputs);
    const registered = await act("register", found);
    expect(registered).toMatchObject({ code: 0, outputs: { kind: "registered" } });
    expect(registered.outputs["image-tag"]).not.toBe(image.tag);
    expect(registered.outputs["image-tag"]?.split("-")[1]).toBe(image.tag.split("-")[1]); // the same model
    await rm(change);
  });

  test("so does a change of how it is to be served", async () => {
    const settings = ["serving.maxBatchSize=8"];
    const { entry } = await planned({ settings });
    expect(entry).toMatchObject({ kind: "rebuild", "model-digest": trained["model-digest"] });
    const { evaluation: _, verdict: __, ...found } = registering(trained);
    const registered = await act("register", { ...found, set: settings.join("\n") });
    expect(registered.outputs["serving-settings"]).toContain("maxBatchSize: 8,");
    expect(registered.outputs["image-tag"]).not.toBe(image.tag);
    expect((await planned({ settings: ["serving.port=8001"] })).include).toEqual([]); // a container's own affair
  });

  test("prod releases the package that runs in dev, judged on prod's data, as the same version", async () => {
    const { entry } = await planned({ in: "prod" });
    expect(entry).toMatchObject({ kind: "release", reason: expect.stringMatching(/^version \d+ runs in dev$/) });
    const brought = await act("train", {
      env: "prod",
      "package-uri": entry["package-uri"] ?? "",
      "model-digest": entry["model-digest"] ?? "",
    });
    expect(brought).toMatchObject({ code: 0, outputs: { candidate: expect.stringContaining("outputs/prod/iris/") } });
    const wrong = await act("register", { env: "prod", ...registering(brought.outputs) });
    expect(wrong).toMatchObject({ code: 42, output: expect.stringContaining("was made for dev, not for prod") });

    const { gated } = await judged(brought.outputs, { inputs: { env: "prod" } });
    expect(gated.outputs).toMatchObject({ outcome: "pass" });
    const before = await readRelease();
    const registered = await act("register", { env: "prod", ...registering(brought.outputs) });
    expect({ code: registered.code, output: registered.output }).toMatchObject({ code: 0 });
    expect(await readRelease()).toMatchObject({
      env: "prod",
      version: before.version,
      modelDigest: before.modelDigest,
    });
    await promoted(image);
    expect((await planned({ in: "prod" })).include).toEqual([]);
  });

  test("what a pull request trains is kept apart from what the branch trained", async () => {
    const env = { GITHUB_EVENT_NAME: "pull_request" };
    const head = { sha: "a".repeat(40), ref: "x", repo: { full_name: "octo/models" } };
    const event = { pull_request: { number: 3, head } };
    const settings = ["training.learningRate=0.04"];
    const ours = await act("train", {}, { env, event, settings });
    expect(ours.outputs["package-uri"]).toMatch(/^\.\/kept\/pull-requests\/iris\//);
    expect((await planned({ settings, env, event })).entry["kind"]).toBe("reuse");
    expect((await planned({ settings })).entry["kind"]).toBe("train");
  });

  test("a run without secrets keeps its models on the runner, and goes on where the champion is out of reach", async () => {
    const event = {
      pull_request: { number: 3, head: { sha: "a".repeat(40), ref: "x", repo: { full_name: "mallory/models" } } },
    };
    const env = {
      GITHUB_EVENT_NAME: "pull_request",
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${await freePort()}`,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const options = {
      env,
      event,
      settings: ["models.uri=s3://kept/models", "training.learningRate=0.03", "gate.minimum=0.5"],
    };
    expect((await planned(options)).entry["kind"]).toBe("train");
    const ours = await act("train", {}, options);
    expect(ours.outputs["package-uri"]).toMatch(/^\.\/outputs\/dev\/models\/pull-requests\/iris\//);
    const inputs = {
      role: "validation",
      "champion-version": "1",
      "champion-digest": trained["model-digest"] ?? "",
      "champion-package": "s3://kept/models/iris/1/candidate/model",
    };
    const { evaluated, gated } = await judged(ours.outputs, { ...options, inputs });
    expect({ code: evaluated.code, output: evaluated.output }).toMatchObject({ code: 0 });
    expect(gated.outputs).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringContaining("can't be read here"),
    });
  });

  test("a gate that fails stops the job with 3, and nothing is registered", async () => {
    const settings = ["gate.minimum=1.1"];
    await judged(trained);
    const gated = await act("gate", {}, { settings });
    expect(gated).toMatchObject({ code: 3, outputs: { verdict: "fail", outcome: "fail" } });
    expect(gated.output).toMatch(/^::error::.*110 %/m);
    const registered = await act("register", registering(trained), { settings });
    expect(registered).toMatchObject({
      code: 3,
      outputs: { kind: "discarded", version: "", release: "", "image-tag": "", "serving-settings": "" },
    });
  });

  test("an MLflow that is away holds the release with 4, and says how to go on", async () => {
    await judged(trained);
    await act("gate", {});
    const env = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}` };
    const { code, outputs, output } = await act("register", registering(trained), { env });
    expect({ code, outputs }).toMatchObject({ code: 4, outputs: { kind: "held" } });
    expect(output).toContain("when MLflow answers again, re-run this job");
  });

  test("a candidate that is not the one that was trained goes nowhere", async () => {
    const other = { ...trained, "model-digest": `sha256:${"0".repeat(64)}` };
    const { evaluated } = await judged(other);
    expect(evaluated.code).toBe(42);
    expect(await act("register", registering(other))).toMatchObject({
      code: 42,
      output: expect.stringContaining("holds sha256:"),
    });
    const brought = await act("train", {
      "package-uri": trained["package-uri"] ?? "",
      "model-digest": other["model-digest"],
    });
    expect(brought).toMatchObject({ code: 42, output: expect.stringContaining("holds sha256:") });
    const gone = await act("train", {
      "package-uri": "./nowhere/candidate/model",
      "model-digest": trained["model-digest"] ?? "",
    });
    expect(gone).toMatchObject({ code: 42, output: expect.stringContaining("no candidate lies there") });
  });
});

test("every action tells all that is wrong with its inputs at once, and does nothing", async () => {
  const wrong = await slipway.act(
    "evaluate",
    { role: "all", "champion-digest": "sha256:12" },
    { cwd: repository.path },
  );
  expect(wrong.code).toBe(42);
  for (const name of [
    "model: is missing",
    "candidate: is missing",
    "model-digest: is missing",
    "role: ",
    "champion-digest: ",
  ])
    expect(wrong.output).toContain(name);
  const unknown = await slipway.act("gate", { model: "irsi" }, { cwd: repository.path });
  expect(unknown).toMatchObject({ code: 42, output: expect.stringContaining("did you mean iris?") });
});
