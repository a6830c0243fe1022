import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTools } from "#config/tools.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { type ServingProcess, startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { writeTextPackage } from "#test/parts/text-served.ts";

const root = join(import.meta.dirname, "../..");
const json = "application/json";
const models = {
  iris: { write: writeIrisPackage, shape: [4], type: json, input: JSON.stringify(flower) },
  cifar10: { write: writeCifar10Package, shape: [32, 32, 3], type: "application/octet-stream", input: picture },
  text: { write: writeTextPackage, shape: [], type: json, input: JSON.stringify({ text: "Where is the lamp?" }) },
};

describe.each(["iris", "cifar10", "text"] as const)("a server of %s", (name) => {
  const { write, shape, type, input } = models[name];
  let folder: AsyncDisposable & { path: string };
  let server: ServingProcess;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await write(folder.path);
    const variables = { HOME: process.env["HOME"] ?? "", DRAIN_DELAY_MS: "0" };
    server = await startServing(["--package", folder.path, "--model", "subject"], variables);
  }, 120_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const predict = async () => {
    const headers = { "content-type": type };
    const answer = await request(`${server.url}/predict`, { method: "POST", headers, body: input });
    return { status: answer.statusCode, answer: await answer.body.json() };
  };
  const infer = async (body: string) => {
    const headers = { "content-type": json };
    const answer = await request(`${server.url}/v2/models/subject/infer`, { method: "POST", headers, body });
    return { status: answer.statusCode, text: await answer.body.text() };
  };

  test("does what its API document says, and nothing else: Schemathesis finds no fault", async () => {
    const { clientsPython } = readTools(root);
    if (!clientsPython) throw new Error("no Schemathesis: run `npm test`, whose set-up prepares it");
    const program = join(dirname(clientsPython), "schemathesis");
    const args = ["--config-file", join(import.meta.dirname, "schemathesis.toml"), "run", `${server.url}/docs/json`];
    const options = [
      "--max-examples",
      "10",
      "--phases",
      "examples,coverage,fuzzing",
      "--seed",
      "1",
      "--warnings",
      "off",
    ];
    // a picture's bytes are more than a schema can say
    const paths = name === "cifar10" ? ["--exclude-path", "/predict"] : [];
    const ran = promisify(execFile)(program, [...args, ...options, ...paths, "--generation-database", "none"], {
      cwd: folder.path,
      maxBuffer: 64 << 20,
    });
    const told = await ran.catch((error: { stdout: string; code: number }) => error);
    expect("code" in told ? told.code : 0, told.stdout).toBe(0);
    expect(told.stdout).toMatch(/Test cases:\s+\d{3,} generated/);
    expect((await predict()).status).toBe(200);
  }, 300_000);

  test("answers 400 to whatever is no tensor of the model, and its right answers are what they were", async () => {
    const before = await predict();
    expect(before.status).toBe(200);
    const broken = name === "text" ? brokenTexts() : brokenTensors(shape);
    const statuses = new Set<number>();
    for (const [label, body] of [
      ...broken,
      ...brokenBodies(name === "text" ? textTensor : tensor([1, ...shape], good(shape))),
    ]) {
      const { status, text } = await infer(body);
      expect(status, `${label}: ${text.slice(0, 200)}`).toBe(400);
      expect(JSON.parse(text), label).toEqual({ error: expect.any(String) });
    }
    const whole = name === "text" ? textTensor : tensor([1, ...shape], good(shape).slice(0, 4));
    for (const body of mutations(whole, 300)) {
      const { status, text } = await infer(body);
      statuses.add(status);
      const isHurried = JSON.parse(body).parameters?.timeout < 1000; // and may be told that the model is busy
      expect([200, 400, 413, ...(isHurried ? [503] : [])], `${body.slice(0, 300)}: ${text.slice(0, 200)}`).toContain(
        status,
      );
    }
    expect(statuses).toContain(400);
    expect(await predict()).toEqual(before);
    expect(server.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  }, 300_000);
});

const tensor = (shape: readonly unknown[], data: unknown, changes: object = {}) =>
  JSON.stringify({ inputs: [{ name: "inputs", datatype: "FP32", shape, data, ...changes }] });

const good = (shape: readonly number[]) => Array<number>(shape.reduce((product, side) => product * side, 1)).fill(0.5);

/** What is wrong with a tensor, each by itself, and the body. */
function brokenTensors(shape: readonly number[]): [string, string][] {
  const values = good(shape);
  const deep = (levels: number) => `${"[".repeat(levels)}0.5${"]".repeat(levels)}`;
  const withData = (data: string) => tensor([1, ...shape], 0).replace('"data":0', `"data":${data}`);
  return [
    ["too few numbers", tensor([1, ...shape], values.slice(1))],
    ["too many numbers", tensor([1, ...shape], [...values, 1])],
    ["no rows", tensor([0, ...shape], [])],
    ["negative rows", tensor([-1, ...shape], values)],
    ["half a row", tensor([0.5, ...shape], values)],
    ["rows that a double does not tell apart", tensor([2 ** 53, ...shape], values)],
    [
      "more rows than there are numbers in a double",
      tensor([1, ...shape], values).replace('"shape":[1', '"shape":[1e400'),
    ],
    ["more rows than are answered", tensor([257, ...shape], values)],
    ["another rank", tensor([1, 1, ...shape], values)],
    ["no shape", tensor([], values)],
    ["a shape of texts", tensor(["1", ...shape.map(String)], values)],
    ["texts for numbers", tensor([1, ...shape], values.map(String))],
    ["BYTES", tensor([1, ...shape], values, { datatype: "BYTES" })],
    ["a datatype that there is not", tensor([1, ...shape], values, { datatype: "FP31" })],
    ["a datatype that is none", tensor([1, ...shape], values, { datatype: { FP32: true } })],
    ["another name", tensor([1, ...shape], values, { name: "input" })],
    ["nothing in place of a number", tensor([1, ...shape], [...values.slice(1), null])],
    ["NaN, which is no JSON", withData(`[${[...values.slice(1), "NaN"]}]`)],
    ["a number beyond doubles", withData(`[${[...values.slice(1), "1e999"]}]`)],
    ["a number beyond floats", withData(`[${[...values.slice(1), "1e300"]}]`)],
    ["numbers too deep", withData(deep(12))],
    ["numbers a hundred thousand deep", withData(deep(100_000))],
    ["objects among the numbers", tensor([1, ...shape], [...values.slice(1), { 0: 1 }])],
    ["an object for the data", tensor([1, ...shape], { length: values.length })],
  ];
}

const texts = (data: unknown, changes: object = {}) => tensor([1], data, { datatype: "BYTES", ...changes });
const textTensor = texts(["Where is the lamp?"]);

/** The same of a tensor of texts. */
function brokenTexts(): [string, string][] {
  const text = "x";
  return [
    ["no text", texts([])],
    ["an empty text", texts([""])],
    ["too many texts", texts([text, text])],
    ["too few texts", texts([text], { shape: [2] })],
    ["no rows", texts([], { shape: [0] })],
    ["negative rows", texts([text], { shape: [-1] })],
    ["half a row", texts([text], { shape: [0.5] })],
    ["more rows than there are numbers in a double", textTensor.replace('"shape":[1', '"shape":[1e400')],
    ["more rows than are answered", texts(Array(257).fill(text), { shape: [257] })],
    ["another rank", texts([text], { shape: [1, 1] })],
    ["no shape", texts([text], { shape: [] })],
    ["numbers for texts", texts([1])],
    ["nothing for a text", texts([null])],
    ["a list for a text", texts([[text]])],
    ["an object for a text", texts([{ text }])],
    ["an object for the data", texts({ 0: text, length: 1 })],
    ["a text for the data", texts("x")],
    ["FP32", texts([text], { datatype: "FP32" })],
    ["another name", texts([text], { name: "input" })],
    ["half of a character", textTensor.replace("lamp", "\\ud83d")],
    ["the other half", textTensor.replace("lamp", "\\ude00")],
    ["one empty text among many", texts(["a", "", "b"], { shape: [3] })],
    ["texts too deep", textTensor.replace('["Where', `${"[".repeat(100_000)}"Where`)],
  ];
}

/** What is wrong around a tensor. */
function brokenBodies(whole: string): [string, string][] {
  const body = JSON.parse(whole);
  return [
    ["two inputs", JSON.stringify({ inputs: [body.inputs[0], {}] })],
    ["no inputs", JSON.stringify({ inputs: [] })],
    ["inputs of nothing", JSON.stringify({ inputs: [null] })],
    ["outputs that there are not", JSON.stringify({ ...body, outputs: [{ name: "x" }] })],
    ["nothing", "null"],
    ["a list", "[]"],
    ["half of it", whole.slice(0, -20)],
    ["lone halves of characters", '{"inputs":[{"name":"\\ud800"}]}'],
  ];
}

/** Right bodies with one or two of their parts replaced, the same in every run. */
function* mutations(whole: string, count: number): Generator<string> {
  const random = xoroshiro128plus(11);
  const below = (most: number) => uniformInt(random, 0, most - 1);
  const values = [
    null,
    true,
    "",
    "x",
    0,
    -1,
    1,
    2,
    1e308,
    2 ** 53,
    [],
    [[]],
    {},
    { a: [1] },
    ["1"],
    ["", "\u0000", "\u{1F600}"],
    ["x".repeat(100_000)],
    [1, 2, 3, 4],
    [-1, 4],
  ];
  for (let made = 0; made < count; made++) {
    const body: Record<string, unknown> = JSON.parse(whole);
    body["outputs"] = [{ name: "class" }];
    body["parameters"] = { priority: 1, timeout: 1_000_000 };
    const [input] = body["inputs"] as [Record<string, unknown>];
    for (let change = 0; change <= below(2); change++) {
      const [owner, key] = (
        [
          ...Object.keys(input).map((name) => [input, name] as const),
          ...Object.keys(body).map((name) => [body, name] as const),
          [body["parameters"], "priority"] as const,
          [body["parameters"], "timeout"] as const,
        ] as const
      )[below(10)] ?? [body, "inputs"];
      if (typeof owner === "object" && owner !== null) Object.assign(owner, { [key]: values[below(values.length)] });
    }
    yield JSON.stringify(body);
  }
}
