import { afterEach, expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import { type Asker, UnavailableError } from "#serving/engine/engine.ts";
import { textFormat } from "#serving/formats/text.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import { classes, irisServed } from "#test/parts/iris-served.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start(served = irisServed()) {
  const lifecycle = createLifecycle(served);
  const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 1000 };
  const app = await buildApp({ served, lifecycle, limits });
  open.push(() => app.close());
  const infer = (payload: object | string, path = "/v2/models/iris/infer") =>
    app.inject({ method: "POST", url: path, headers: { "content-type": "application/json" }, payload });
  return { app, lifecycle, infer };
}

/** The model with another way to predict. */
function predicting(predict: (input: Float32Array, asker: Asker) => Float32Array) {
  const iris = irisServed();
  return { ...iris, engine: { ...iris.engine, predict } };
}

const setosa = [5.1, 3.5, 1.4, 0.2];
const virginica = [5, 2.6, 6.9, 2.3];
const tensor = { name: "inputs", datatype: "FP32", shape: [2, 4], data: [setosa, virginica] };

test("the server, its health and the model's tensors are told", async () => {
  const { app } = await start();
  expect((await app.inject("/v2")).json()).toMatchObject({ name: "iris", version: "3" });
  expect((await app.inject("/v2/health/live")).json()).toEqual({ live: true });
  expect((await app.inject("/v2/health/ready")).json()).toEqual({ ready: true });
  expect((await app.inject("/v2/models/iris/ready")).json()).toEqual({ name: "iris", ready: true });
  expect((await app.inject("/v2/models/iris/versions/3")).json()).toEqual({
    name: "iris",
    versions: ["3"],
    platform: "tensorflowjs_layers_model",
    inputs: [{ name: "inputs", datatype: "FP32", shape: [-1, 4] }],
    outputs: [
      { name: "probabilities", datatype: "FP32", shape: [-1, 3] },
      { name: "class", datatype: "BYTES", shape: [-1] },
    ],
  });
});

test("rows are answered in order, nested or flat, and as /predict answers them", async () => {
  const { app, infer } = await start();
  const flat = { ...tensor, data: [...setosa, ...virginica] };
  const answers = [await infer({ id: "a", inputs: [tensor] }), await infer({ id: "a", inputs: [flat] })];
  for (const answer of answers) {
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ model_name: "iris", model_version: "3", id: "a" });
    const [probabilities, named] = answer.json().outputs;
    expect(probabilities).toMatchObject({ name: "probabilities", datatype: "FP32", shape: [2, 3] });
    expect(named).toEqual({ name: "class", datatype: "BYTES", shape: [2], data: ["setosa", "virginica"] });
  }
  const [sepal_length, sepal_width, petal_length, petal_width] = setosa;
  const payload = { sepal_length, sepal_width, petal_length, petal_width };
  const one = (await app.inject({ method: "POST", url: "/predict", payload })).json();
  const rows = answers[0]?.json().outputs[0].data.slice(0, 3);
  expect(rows).toEqual(classes.map((name) => one.probabilities[name]));
  expect(Number(answers[0]?.headers["x-cpu-ms"])).toBeGreaterThan(0);
});

test("only the outputs that are asked for are answered", async () => {
  const { infer } = await start();
  const { outputs } = (await infer({ inputs: [tensor], outputs: [{ name: "class" }] })).json();
  expect(outputs).toEqual([{ name: "class", datatype: "BYTES", shape: [2], data: ["setosa", "virginica"] }]);
});

test("priority and timeout reach the queue", async () => {
  const asked: Asker[] = [];
  const model = predicting((_, asker) => {
    asked.push(asker);
    return Float32Array.of(1, 0, 0);
  });
  const { infer } = await start(model);
  await infer({ inputs: [tensor], parameters: { priority: 1, timeout: 250_000 } });
  expect(asked).toMatchObject([
    { priority: 1, timeoutMs: 250 },
    { priority: 1, timeoutMs: 250 },
  ]);
});

const one = { ...tensor, shape: [1, 4], data: setosa };
test.for<[string, number, object | string, RegExp]>([
  ["nothing", 400, "", /empty/],
  ["no JSON", 400, "{", /JSON/],
  ["no inputs", 400, {}, /inputs/],
  ["two inputs", 400, { inputs: [one, one] }, /inputs/],
  ["an input of another name", 400, { inputs: [{ ...one, name: "x" }] }, /name must be "inputs"$/],
  ["another datatype", 400, { inputs: [{ ...one, datatype: "INT8" }] }, /datatype/],
  ["another shape", 400, { inputs: [{ ...one, shape: [1, 5] }] }, /\[rows, 4\]/],
  ["a shape of other rank", 400, { inputs: [{ ...one, shape: [4] }] }, /shape/],
  ["no row", 400, { inputs: [{ ...one, shape: [0, 4], data: [] }] }, /shape/],
  ["a billion rows", 400, { inputs: [{ ...one, shape: [1e9, 4] }] }, /256/],
  ["numbers too few", 400, { inputs: [{ ...one, data: [1, 2] }] }, /2 numbers/],
  ["numbers too many", 400, { inputs: [{ ...one, data: [1, 2, 3, 4, 5] }] }, /5 numbers/],
  ["text for a number", 400, { inputs: [{ ...one, data: ["1", 2, 3, 4] }] }, /no number/],
  ["null for a number", 400, { inputs: [{ ...one, data: [null, 2, 3, 4] }] }, /no number/],
  ["a length beyond the bounds", 400, { inputs: [{ ...one, data: [1, 2, 31, 4] }] }, /row 0: petal_length is 31/],
  ["a number beyond float32", 400, { inputs: [{ ...one, data: [1e39, 2, 3, 4] }] }, /sepal_length/],
  ["an unknown output", 400, { inputs: [one], outputs: [{ name: "logits" }] }, /must be "probabilities" or "class"/],
  ["a priority of 0", 400, { inputs: [one], parameters: { priority: 0 } }, /priority/],
])("%s is answered %i in the protocol's own shape", async ([, status, body, words]) => {
  const { infer } = await start();
  const answer = await infer(body);
  expect(answer.json()).toEqual({ error: expect.stringMatching(words) });
  expect(answer.statusCode).toBe(status);
});

test.for(["/v2/models/other/infer", "/v2/models/iris/versions/4/infer", "/v2/models/__proto__/infer"])(
  "%s is not served here",
  async (path) => {
    const { infer } = await start();
    const answer = await infer({ inputs: [one] }, path);
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({ error: expect.stringContaining("served here") });
  },
);

test("an unknown path and a busy model are told in the protocol's own shape too", async () => {
  const busyModel = predicting(() => {
    throw new UnavailableError("the model has more to do than it can answer in time", 700);
  });
  const { app, infer, lifecycle } = await start(busyModel);
  expect((await app.inject("/v2/repository")).json()).toEqual({ error: expect.stringContaining("GET /v2/repository") });
  const busy = await infer({ inputs: [one] });
  expect(busy.statusCode).toBe(503);
  expect(Number(busy.headers["retry-after"])).toBeGreaterThan(1);
  lifecycle.drain();
  for (const path of ["/v2/health/ready", "/v2/models/iris/ready"]) {
    expect((await app.inject(path)).statusCode).toBe(503);
  }
});

test("texts travel as BYTES, a row each, and are tokenised as /predict does", async () => {
  const encoder = { maxTokens: 4, vocabulary: 1000, encode: (text: string) => [1, text.length, 2] };
  const asked: Float32Array[] = [];
  const model = predicting((input) => {
    asked.push(input);
    return Float32Array.of(0, 1, 0);
  });
  const { app, infer } = await start({
    ...model,
    format: textFormat({ encoder, examples: ["good"], createMeasure: () => undefined }),
  });
  const { inputs } = (await app.inject("/v2/models/iris")).json();
  expect(inputs).toEqual([{ name: "inputs", datatype: "BYTES", shape: [-1] }]);
  const texts = { name: "inputs", datatype: "BYTES", shape: [2], data: ["good", "very bad"] };
  const { outputs } = (await infer({ inputs: [texts], outputs: [{ name: "class" }] })).json();
  expect(outputs[0].data).toEqual(["versicolor", "versicolor"]);
  await app.inject({ method: "POST", url: "/predict", payload: { text: "good" } });
  expect(asked.map((row) => [...row])).toEqual([
    [1, 4, 2, -1],
    [1, 8, 2, -1],
    [1, 4, 2, -1],
  ]);
  for (const data of [["one"], ["one", 2], ["one", ""], ["one", ["two"]]]) {
    expect((await infer({ inputs: [{ ...texts, data }] })).statusCode).toBe(400);
  }
});
