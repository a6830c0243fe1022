import { expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { Serving, settingsText } from "#config/serving.ts";
import { readSettings } from "#serving/settings.ts";

const digest = `sha256:${"0".repeat(64)}`;

test("without a word it is the release of iris in dev", () => {
  expect(readSettings([], {})).toEqual({
    help: false,
    wanted: { kind: "release", env: "dev", model: "iris" },
    serving: {},
    access: { corsOrigins: [] },
    drainDelayMs: 5000,
    logLevel: "info",
  });
});

test("the command line says which model, environment, host and port", () => {
  const { wanted, serving } = readSettings(["--model", "digits", "--env", "prod", "--host", "::1", "--port", "0"], {});
  expect(wanted).toEqual({ kind: "release", env: "prod", model: "digits" });
  expect(serving).toEqual({ host: "::1", port: 0 });
});

test("another repository, a token and the web pages that may ask are told apart from the model", () => {
  const { wanted, access } = readSettings(["--root", "/models"], {
    API_TOKEN: "a secret of some length",
    CORS_ORIGINS: "https://a.example, http://localhost:3000",
  });
  expect(wanted).toEqual({ kind: "release", env: "dev", model: "iris", root: "/models" });
  expect(access).toEqual({
    token: "a secret of some length",
    corsOrigins: ["https://a.example", "http://localhost:3000"],
  });
});

test("a container's environment says which package, and who it is", () => {
  const { wanted, serving } = readSettings([], {
    MODEL_DIR: "/model",
    MODEL_DIGEST: digest,
    MODEL_NAME: "iris",
    MODEL_VERSION: "7",
    MODEL_GIT_SHA: "",
    MODEL_RUN_ID: "abc",
    PORT: "8080",
    REQUEST_TIMEOUT_MS: "2000",
  });
  const lineage = { name: "iris", version: "7", runId: "abc" };
  expect(wanted).toEqual({ kind: "package", source: { folder: "/model", digest, lineage } });
  expect(serving).toEqual({ host: "0.0.0.0", port: 8080, requestTimeoutMs: 2000 });
});

test("how an image serves is what the configuration of its model said, in one line", () => {
  const configured = Serving.parse({ maxBatchSize: 8, port: 9000, dynamicBatching: { priorityLevels: 3 } });
  const text = settingsText(configured);
  expect(text).not.toMatch(/["'\n]/);
  const container = { MODEL_DIR: "/model", MODEL_DIGEST: digest, SERVING: text, BODY_LIMIT_BYTES: "5" };
  const { port: _, host: __, ...settings } = configured;
  expect(readSettings([], container).serving).toEqual({
    ...settings,
    ...{ bodyLimitBytes: 5, host: "0.0.0.0", port: 8000 },
  });
  expect(readSettings([], { SERVING: '{"maxBatchSize": 2}' }).serving).toMatchObject({ maxBatchSize: 2 });
});

test("outside a container HOST and PORT are somebody else's", () => {
  expect(readSettings([], { HOST: "my-laptop", PORT: "3000" }).serving).toEqual({});
});

test("a package on the command line comes before a container's", () => {
  const { wanted } = readSettings(["--package", "./model"], { MODEL_DIR: "/model" });
  expect(wanted).toEqual({
    kind: "package",
    source: { folder: "./model", lineage: { name: "iris", version: "unregistered" } },
  });
});

test.for<[string, string[], Record<string, string>, RegExp]>([
  ["an unknown option", ["--modle", "iris"], {}, /--modle[\s\S]*--help/],
  ["a word too many", ["iris"], {}, /iris/],
  ["a port in words", ["--port", "http"], {}, /port/],
  ["a container without the digest to trust", [], { MODEL_DIR: "/model" }, /MODEL_DIGEST/],
  ["a digest that is none", [], { MODEL_DIR: "/model", MODEL_DIGEST: "latest" }, /MODEL_DIGEST/],
  ["a token that can be guessed", [], { API_TOKEN: "secret" }, /API_TOKEN/],
  ["an origin that is none", [], { CORS_ORIGINS: "example.com" }, /CORS_ORIGINS/],
  ["settings that there are none of", [], { SERVING: "{maxBatch: 8}" }, /maxBatch"[\s\S]*SERVING/],
  ["settings that are not YAML", [], { SERVING: "{maxBatchSize: 8" }, /SERVING/],
  ["a delay in words", [], { DRAIN_DELAY_MS: "5s" }, /DRAIN_DELAY_MS/],
])("%s is told", ([, argv, environment, message]) => {
  const read = () => readSettings(argv, environment);
  expect(read).toThrow(BadInputError);
  expect(read).toThrow(message);
});
