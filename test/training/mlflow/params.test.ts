import { describe, expect, it } from "vitest";
import { Config } from "#config/schema.ts";
import { checkKey } from "#training/mlflow/limits.ts";
import { flatten, paramsOf } from "#training/mlflow/params.ts";
import { datasetsOf, tagsOf } from "#training/mlflow/tags.ts";

const config = Config.parse({
  env: "dev",
  model: "iris",
  tracking: { uri: "http://ada:secret@mlflow:5000" },
  data: {
    format: "table",
    path: "iris.csv",
    features: [{ name: "width", unit: "cm" }],
    label: "species",
    slices: { "width < 3?": { column: "width", below: 3 } },
  },
});

describe("params", () => {
  it("have the names of MLflow's autolog, and the whole configuration with dots", () => {
    const params = paramsOf(config);
    expect(params).toMatchObject({
      epochs: 200,
      batch_size: 16,
      optimizer: "adam",
      learning_rate: 0.01,
      opt_name: "adam",
      opt_learning_rate: 0.01,
    });
    expect(params).toMatchObject({
      env: "dev",
      "training.batchSize": 16,
      "data.roles.test": 0.2,
      "gate.metric": "accuracy",
    });
    expect(params["data.features"]).toBe('[{"name":"width","unit":"cm"}]');
    expect(params["data.slices.width _ 3_.below"]).toBe(3);
  });

  it("are names that MLflow takes, without credentials", () => {
    for (const key of Object.keys(paramsOf(config))) expect(checkKey("param", key)).toBe(key);
    expect(paramsOf(config)["tracking.uri"]).toBe("http://mlflow:5000");
  });

  it("leave out what is not set", () => {
    expect(flatten({ a: undefined, b: { c: null }, d: false, e: [1] })).toEqual({ "b.c": "null", d: false, e: "[1]" });
  });
});

describe("tags and datasets", () => {
  const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
  const data = {
    ...{ fingerprint: digest("a"), validationFingerprint: digest("b"), testFingerprint: digest("c"), duplicates: 0 },
    ...{ rows: { train: 90, validation: 30, test: 30 }, classes: { setosa: 50, versicolor: 50, virginica: 50 } },
  };
  const device = { backend: "js", name: "node", reason: "smallest model" } as const;

  it("have MLflow's own names", () => {
    const git = { sha: "1".repeat(40), branch: "main", dirty: true };
    expect(
      tagsOf({ program: "training/train/main.ts", user: "ada", git, device, data, contentHash: digest("d") }),
    ).toMatchObject({
      "mlflow.source.git.commit": git.sha,
      "mlflow.source.git.branch": "main",
      "mlflow.source.git.dirty": "true",
      "mlflow.source.name": "training/train/main.ts",
      "mlflow.user": "ada",
      "slipway.data_fingerprint": data.fingerprint,
      "slipway.device": "js",
    });
  });

  it("leave out what is not known", () => {
    const keys = Object.keys(tagsOf({ program: "main.ts", device, data, contentHash: digest("d") }));
    expect(keys.filter((key) => key.includes("git") || key.includes("user"))).toEqual([]);
  });

  it("name each role's data by the start of its fingerprint", () => {
    const datasets = datasetsOf("iris", "s3://datasets/iris", data);
    expect(datasets.map(({ context, digest: start, sourceType }) => [context, start, sourceType])).toEqual([
      ["training", "a".repeat(32), "s3"],
      ["validation", "b".repeat(32), "s3"],
      ["test", "c".repeat(32), "s3"],
    ]);
  });
});
