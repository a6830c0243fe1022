import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { exitCodeOf } from "#config/exit-code.ts";
import { type LoadOptions, listEnvironments, listModels, loadConfig } from "#config/load.ts";
import { configFolder, tinyWith } from "./config-folder.ts";

const checkout = `${import.meta.dirname}/../..`;

/** Loads tiny in dev from the usual files with `changed` ones in their place. */
async function load(changed: Record<string, string | Uint8Array> = {}, options: Partial<LoadOptions> = {}) {
  await using folder = await configFolder(changed);
  return await loadConfig({ root: folder.path, env: "dev", model: "tiny", ...options });
}

/** The lines that loading fails with, after its heading. */
async function problems(changed: Record<string, string | Uint8Array> = {}, options: Partial<LoadOptions> = {}) {
  const error: unknown = await load(changed, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BadInputError)) throw new Error("expected a BadInputError", { cause: error });
  const [heading, ...lines] = error.message.split("\n");
  return { heading, lines: lines.map((line) => line.trim()) };
}

describe("every model of the repository", async () => {
  for (const env of await listEnvironments(checkout)) {
    test.each(await listModels(checkout))(`%s loads in ${env}`, async (model) => {
      await expect(loadConfig({ root: checkout, env, model })).resolves.toMatchObject({ env, model });
    });
  }
});

describe("layers", () => {
  test("defaults of the schema hold where nothing is said", async () => {
    expect(await load()).toMatchObject({ device: "auto", training: { batchSize: 16 }, data: { root: "./data" } });
  });

  test("each layer wins over the ones before it, key by key", async () => {
    const changed = {
      "dev.yaml":
        "training: { epochs: 1, batchSize: 1, patience: 1, seed: 1, learningRate: 1 }\ntracking: { uri: http://one }\n",
      ...tinyWith(
        "training: { batchSize: 2, patience: 2, seed: 2 }",
        "environments:",
        "  dev: { training: { patience: 3, seed: 3 }, tracking: { uri: http://three } }",
        "  prod: { training: { patience: 9 } }",
      ),
    };
    const config = await load(changed, {
      variables: { MLFLOW_TRACKING_URI: "http://four", MLFLOW_EXPERIMENT_NAME: "four", PATH: "/bin" },
      set: ["training.seed=5", "training.hiddenUnits=[4, 2]", "tracking.experiment=five", "training.seed=6"],
    });
    expect(config.training).toMatchObject({ epochs: 1, batchSize: 2, patience: 3, seed: 6, hiddenUnits: [4, 2] });
    expect(config.tracking).toEqual({ uri: "http://four", experiment: "five" });
  });

  test("an empty variable counts as not set", async () => {
    expect(await load({}, { variables: { SLIPWAY_OUTPUTS: "" } })).toMatchObject({ outputs: "./outputs/dev" });
  });

  test.each([
    ["SLIPWAY_OUTPUTS", { variables: { SLIPWAY_OUTPUTS: "/big/disk" } }],
    ["--set outputs", { set: ["outputs=/big/disk"] }],
  ])("%s moves the models that lay under the outputs", async (_, options) => {
    const config = await load({}, options);
    expect([config.outputs, config.models.uri]).toEqual(["/big/disk", "/big/disk/models"]);
  });

  test("models that lie elsewhere stay where they are when the outputs move", async () => {
    const variables = { SLIPWAY_OUTPUTS: "/big/disk" };
    expect((await load({}, { env: "prod", variables })).models.uri).toBe("s3://models/production");
    expect((await load({}, { variables, set: ["models.uri=./here"] })).models.uri).toBe("./here");
  });

  test("values of --set are read as YAML", async () => {
    const set = ["description=a:b", 'data.label="1"', "data.slices.low x.column=x", "data.slices.low x.below=2.5"];
    const config = await load({}, { set });
    expect(config).toMatchObject({ description: "a:b", data: { label: "1", slices: { "low x": { below: 2.5 } } } });
  });
});

describe("names", () => {
  test("an unknown environment and an unknown model are told together, with the known ones", async () => {
    const { heading, lines } = await problems({}, { env: "prd", model: "tyni" });
    expect(heading).toBe('unknown environment "prd"; did you mean prod? known: dev, prod');
    expect(lines).toEqual(['unknown model "tyni"; did you mean tiny? known: tiny']);
  });

  test.each(["../dev", "models/tiny", "", "__proto__"])("%j is no environment", async (env) => {
    expect((await problems({}, { env })).heading).toContain("unknown environment");
  });

  test("a folder without configuration says so", async () => {
    await expect(loadConfig({ root: "/nowhere", env: "dev", model: "tiny" })).rejects.toThrow(/there is none/);
  });

  test("a model's name must be one that Kubernetes takes", async () => {
    const changed = { "models/Big_One.yaml": "data: { format: table, path: a, label: y, features: [{ name: x }] }\n" };
    const { lines } = await problems(changed, { model: "Big_One" });
    expect(lines).toEqual([expect.stringMatching(/^model: .*pattern.*\(config\/models\/Big_One\.yaml\)$/)]);
  });
});

describe("faults", () => {
  test("everything that is wrong is told at once, each with its path and what set it", async () => {
    const changed = {
      "dev.yaml": "outputs: 3\ncolour: red\ntracking:\n  uri: sqlite:///x\n",
      ...tinyWith(
        "training:",
        "  batchsize: 3",
        "  epochs: -1",
        "  hiddenUnits:",
        "    - 4",
        "    - lots",
        "data_root: x",
        "environments:",
        "  dev:",
        "    gate: { minimum: high }",
        "  prod:",
        "    device: gpuu",
        "  stage: {}",
      ),
    };
    const { heading, lines } = await problems(changed, {
      variables: { MLFLOW_EXPERIMENT_NAME: "fine" },
      set: ["serving.port=70000", "training.learning_rate=0.1", "oops"],
    });
    expect(heading).toBe(`The configuration of tiny in dev has ${lines.length} problems:`);
    expect(lines.toSorted()).toEqual(
      [
        "colour: unknown key (config/dev.yaml:2)",
        "data_root: unknown key (config/models/tiny.yaml:14)",
        'environments.prod.device: Invalid option: expected one of "auto"|"gpu"|"cpu"|"wasm"|"js", got "gpuu" (config/models/tiny.yaml:19)',
        "environments.stage: unknown environment; known: dev, prod (config/models/tiny.yaml:20)",
        "expected --set path.to.key=value (--set oops)",
        "gate.minimum: Invalid input: expected number, received string (config/models/tiny.yaml:17)",
        "outputs: Invalid input: expected string, received number (config/dev.yaml:1)",
        "serving.port: Too big: expected number to be <=65535, got 70000 (--set serving.port)",
        "tracking.uri: must be an http:// or https:// URL (config/dev.yaml:4)",
        "training.batchsize: unknown key; did you mean batchSize? (config/models/tiny.yaml:9)",
        "training.epochs: Too small: expected number to be >0, got -1 (config/models/tiny.yaml:10)",
        "training.hiddenUnits.1: Invalid input: expected number, received string (config/models/tiny.yaml:13)",
        "training.learning_rate: unknown key; did you mean learningRate? (--set training.learning_rate)",
      ].toSorted(),
    );
  });

  test.each([
    [
      "a key of another place",
      "batchSize: 3",
      "batchSize: unknown key; did you mean training.batchSize? (config/models/tiny.yaml:8)",
    ],
    ["a key named __proto__", "__proto__: { x: 1 }", "__proto__: unknown key (config/models/tiny.yaml:8)"],
    [
      "an impossible pair",
      "environments: { dev: { data: { roles: { test: 0.5, validation: 0.5 } } } }",
      "data.roles: validation and test leave nothing to train on (config/models/tiny.yaml:8)",
    ],
    [
      "an emptied section",
      "training:",
      "training: Invalid input: expected object, received null (config/models/tiny.yaml:8)",
    ],
    ["a key set twice", "gate: { minimum: 0.5 }", "gate: is set twice (config/models/tiny.yaml:8)"],
    ["a tag", "description: !secret x", "not valid YAML: Unresolved tag: !secret (config/models/tiny.yaml:8)"],
    [
      "a list where names belong",
      "environments: [dev]",
      "environments: must be a mapping of environments to keys (config/models/tiny.yaml:8)",
    ],
    [
      "an empty block",
      "environments: { dev: }",
      "environments.dev: must be a mapping of keys to values (config/models/tiny.yaml:8)",
    ],
    [
      "a second document",
      "---\na: 1",
      "not valid YAML: Source contains multiple documents; please use YAML.parseAllDocuments() (config/models/tiny.yaml:8)",
    ],
    ["the environment's name", "env: prod", "env: is chosen with --env (config/models/tiny.yaml:8)"],
    [
      "not a number",
      "training: { learningRate: .nan }",
      "training.learningRate: Invalid input: expected number, received NaN (config/models/tiny.yaml:8)",
    ],
    [
      "an alias into itself",
      "slices: &a { b: *a }",
      "has an alias that can't be resolved: Converting circular structure to JSON (config/models/tiny.yaml)",
    ],
    [
      "an alias to nothing",
      "description: *a",
      "has an alias that can't be resolved: Unresolved alias (the anchor must be set before the alias): a (config/models/tiny.yaml)",
    ],
  ])("%s is told with its line", async (_, line, expected) => {
    expect((await problems(tinyWith(line))).lines).toContain(expected);
  });

  test("what is missing is told where it belongs", async () => {
    const { heading, lines } = await problems(
      { "models/tiny.yaml": "data: { format: table, features: [{ name: x }] }\n" },
      { set: ["data.root=s3://x"] },
    );
    expect(heading).toBe("The configuration of tiny in dev has 2 problems:");
    expect(lines).toEqual([
      "data.path: is missing (string) (config/models/tiny.yaml:1)",
      "data.label: is missing (string) (config/models/tiny.yaml:1)",
    ]);
  });

  test("a format that does not exist names those that do", async () => {
    expect((await problems({}, { set: ["data.format=tabel"] })).lines).toEqual([
      expect.stringMatching(/^data.format: Invalid discriminator value.*'table'.*, got "tabel" \(--set data.format\)$/),
    ]);
    expect((await problems({ "models/tiny.yaml": "" })).lines).toEqual([
      expect.stringMatching(/^data: is missing .*\(config\/models\/tiny.yaml\)$/),
    ]);
  });

  test("syntax errors of both files are told with what else is wrong, and not what they hid", async () => {
    const changed = { "dev.yaml": "outputs: [1\n", "models/tiny.yaml": "training: { epochs: 0 }\ngate: {\n" };
    const { lines } = await problems(changed);
    expect(lines).toEqual([
      expect.stringMatching(/^not valid YAML: .*\(config\/dev.yaml:2\)$/),
      expect.stringMatching(/^not valid YAML: .*\(config\/models\/tiny.yaml:3\)$/),
      expect.stringMatching(/^outputs: .*received array/),
      expect.stringMatching(/^training.epochs: Too small/),
    ]);
  });

  test.each([
    ["a list", "- 1\n", "must be a mapping of keys to values (config/dev.yaml)"],
    ["bytes that are no text", new Uint8Array([0x61, 0xff]), "is not UTF-8 text (config/dev.yaml)"],
  ])("a file that is %s is refused", async (_, content, expected) => {
    expect((await problems({ "dev.yaml": content })).lines).toContain(expected);
  });

  test("an empty environment file changes nothing", async () => {
    expect(await load({ "dev.yaml": "# nothing yet\n" })).toMatchObject({ outputs: "./outputs" });
  });

  test.each([
    ["foo", "expected --set path.to.key=value (--set foo)"],
    ["=1", "expected --set path.to.key=value (--set )"],
    ["gate..minimum=1", "expected --set path.to.key=value (--set gate..minimum)"],
    [
      "gate.minimum=[",
      "gate.minimum: the value is not valid YAML: Flow sequence must end with a ] (--set gate.minimum)",
    ],
    ["outputs.folder=x", "outputs: Invalid input: expected string, received object (--set outputs.folder)"],
    ["gate.minimun=1", "gate.minimun: unknown key; did you mean minimum? (--set gate.minimun)"],
    ["model=other", "model: is chosen with --model (--set model)"],
  ])("--set %s is refused", async (setting, expected) => {
    expect((await problems({}, { set: [setting] })).lines).toEqual([expected]);
  });

  test("text values are not printed back, since they may be secret", async () => {
    const { lines } = await problems({}, { variables: { MLFLOW_TRACKING_URI: "mysql://user:hunter2@host" } });
    expect(lines).toEqual(["tracking.uri: must be an http:// or https:// URL (MLFLOW_TRACKING_URI)"]);
  });

  test("bad configuration exits with 42", async () => {
    const error: unknown = await load({ "dev.yaml": "x: 1" }).catch((reason: unknown) => reason);
    expect(exitCodeOf(error)).toBe(42);
  });
});
