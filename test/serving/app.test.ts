import { Validator } from "@seriousme/openapi-schema-validator";
import { afterEach, expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import type { Engine } from "#serving/engine/engine.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import type { Served } from "#serving/load.ts";
import { classes, flower, irisServed } from "#test/parts/iris-served.ts";

const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 1000 };
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start(served: Served = irisServed()) {
  const lifecycle = createLifecycle(served);
  const app = await buildApp({ served, lifecycle, limits });
  open.push(() => app.close());
  const predict = (body: string | Buffer | object, type = "application/json") =>
    app.inject({ method: "POST", url: "/predict", headers: { "content-type": type }, payload: body });
  return { app, lifecycle, predict };
}

function withEngine(engine: Partial<Engine>): Served {
  const served = irisServed();
  return { ...served, engine: { ...served.engine, ...engine } };
}

const broken: Served = {
  kind: "broken",
  lineage: { name: "iris", version: "3" },
  reason: "weights.bin is not the file that digests.txt names",
  cause: new Error("weights.bin"),
};

test("a flower gets its class, the probability of each class, and the model that said so", async () => {
  const { predict } = await start();
  const response = await predict(flower);
  expect(response.statusCode).toBe(200);
  const answer = response.json();
  expect(answer.class).toBe("setosa");
  expect(Object.keys(answer.probabilities)).toEqual(classes);
  const sum = classes.reduce((total, name) => total + answer.probabilities[name], 0);
  expect(sum).toBeCloseTo(1, 6);
  expect(answer.model).toEqual({ name: "iris", version: "3", digest: `sha256:${"a".repeat(64)}` });
});

test("every answer of /predict tells its latency, memory change and CPU time", async () => {
  const { predict } = await start();
  for (const response of [await predict(flower), await predict({})]) {
    expect(Number(response.headers["x-latency-ms"])).toBeGreaterThan(0);
    expect(Number(response.headers["x-cpu-ms"])).toBeGreaterThan(0);
    expect(response.headers["x-memory-change-mb"]).toMatch(/^-?\d+\.\d{3}$/);
  }
});

test.for<[string, number, string | Buffer, string]>([
  ["nothing", 400, "", "empty"],
  ["half an object", 400, "{", "not JSON"],
  ["NaN, which JSON has not", 400, JSON.stringify(flower).replace("5.1", "NaN"), "not JSON"],
  ["__proto__", 400, JSON.stringify(flower).replace("{", '{"__proto__":{"admin":true},'), "__proto__"],
  ["constructor.prototype", 400, '{"constructor":{"prototype":{}}}', "constructor"],
  ["half a surrogate pair", 400, '{"sepal_length":"\\ud83d"}', "surrogate"],
  ["bytes that are not UTF-8", 400, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "UTF-8"],
  ["10,000 nested arrays", 400, "[".repeat(10_000) + "]".repeat(10_000), "nested"],
  ["10,000 nested arrays in a field", 400, `{"sepal_length":${"[".repeat(10_000)}${"]".repeat(10_000)}}`, "nested"],
  ["more than any flower needs", 413, `{"sepal_length":${" ".repeat(100_000)}5.1}`, "larger"],
])("a body with %s is answered %i", async ([, status, body, detail]) => {
  const { predict } = await start();
  const response = await predict(body);
  expect(response.headers["content-type"]).toContain("application/problem+json");
  expect(response.statusCode).toBe(status);
  expect(response.json()).toMatchObject({ status, detail: expect.stringContaining(detail) });
});

test.for<[string, object | null, string, string]>([
  ["text for a number", { ...flower, petal_width: "0.2" }, "petal_width", "must be number"],
  ["null for a number", { ...flower, petal_width: null }, "petal_width", "must be number"],
  ["a list for a number", { ...flower, petal_width: [0.2] }, "petal_width", "must be number"],
  ["a field too few", { ...flower, petal_width: undefined }, "petal_width", "is missing"],
  ["a field too many", { ...flower, colour: 1 }, "colour", "is not known to this model"],
  ["a length below the bounds", { ...flower, sepal_width: -1 }, "sepal_width", "must be >= 0"],
  ["a length above the bounds", { ...flower, sepal_width: 31 }, "sepal_width", "must be <= 30"],
  ["a list for an object", [5.1, 3.5, 1.4, 0.2], "body", "must be object"],
  ["null for an object", null, "body", "must be object"],
])("%s is answered 422 with the field and the reason", async ([, body, field, reason]) => {
  const { predict } = await start();
  const response = await predict(JSON.stringify(body));
  expect(response.statusCode).toBe(422);
  expect(response.json()).toMatchObject({ status: 422, errors: [{ field, reason }] });
});

test("a number too large for a double is not taken for a length", async () => {
  const { predict } = await start();
  const response = await predict(JSON.stringify(flower).replace("5.1", "1e999"));
  expect(response.json()).toMatchObject({ status: 422, errors: [{ field: "sepal_length" }] });
});

test("all faults of a body are told at once, and ten thousand unknown fields in few words", async () => {
  const { predict } = await start();
  const several = await predict({ ...flower, sepal_length: -1, petal_length: "1" });
  expect(several.json().errors).toHaveLength(2);
  const many = await predict(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`f${at}`, 1])));
  expect(many.statusCode).toBe(422);
  expect(many.json().errors).toHaveLength(20);
  expect(Number(many.headers["x-cpu-ms"])).toBeLessThan(1000); // it would be seconds, were each told by itself
});

test("what is not JSON, not there or not a URL is refused in the same shape", async () => {
  const { app, predict } = await start();
  const answers = [
    [await predict("a flower", "text/plain"), 415],
    [await app.inject({ method: "POST", url: "/predict" }), 400],
    [await app.inject("/nothing"), 404],
    [await app.inject("/%zz"), 400],
    [await app.inject({ method: "DELETE", url: "/predict" }), 405],
  ] as const;
  for (const [response, status] of answers) {
    expect(response.headers["content-type"]).toContain("application/problem+json");
    expect(response.json()).toMatchObject({ type: "about:blank", status, requestId: expect.stringMatching(/-/) });
    expect(response.statusCode).toBe(status);
  }
});

test.for<["DELETE" | "GET" | "OPTIONS" | "POST" | "PUT", string, number, string | undefined]>([
  ["GET", "/predict", 405, "POST"],
  ["PUT", "/predict?a=1", 405, "POST"],
  ["POST", "/version", 405, "GET, HEAD"],
  ["DELETE", "/v2/models/iris/infer", 405, "POST"],
  ["OPTIONS", "/v2/", 405, "GET, HEAD"],
  ["GET", "/version/", 404, undefined],
  ["POST", "/v2/nothing", 404, undefined],
])(
  "%s %s is answered %i without a look at its body, with the methods that the path has",
  async ([method, url, status, allow]) => {
    const { app } = await start();
    const answer = await app.inject({ method, url, headers: { "content-type": "text/unknown" }, payload: "{" });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["allow"]).toBe(allow);
  },
);

test("a broken package leaves the process alive, not ready, and saying why", async () => {
  const { app, predict } = await start(broken);
  expect((await app.inject("/health/live")).statusCode).toBe(200);
  const ready = await app.inject("/health/ready");
  expect(ready.statusCode).toBe(503);
  expect(ready.json().detail).toBe(broken.reason);
  const response = await predict(flower);
  expect(response.statusCode).toBe(503);
  expect(Number(response.headers["retry-after"])).toBeGreaterThan(0);
  expect(response.json().detail).toBe(broken.reason);
  expect((await app.inject("/metrics")).payload).toContain("model_ready 0");
});

test("while the engine is away requests get 503, and are answered again once it is back", async () => {
  let reason: string | undefined = "the model process is starting again";
  const { app, predict } = await start(withEngine({ unavailable: () => reason }));
  expect((await app.inject("/health/ready")).json().detail).toBe(reason);
  expect((await predict(flower)).statusCode).toBe(503);
  reason = undefined;
  expect((await app.inject("/health/ready")).statusCode).toBe(200);
  expect((await predict(flower)).statusCode).toBe(200);
});

test("an engine that fails is answered 500 with a request id and nothing of the server's inside", async () => {
  const secret = "/srv/models/secret.bin";
  const { predict } = await start(withEngine({ predict: () => Promise.reject(new Error(secret)) }));
  const response = await predict(flower);
  expect(response.statusCode).toBe(500);
  expect(response.json().requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.payload).not.toContain(secret);
  expect(response.payload).not.toContain("Error:");
});

test("readiness goes off while the server drains, and requests are still answered and their connections closed", async () => {
  const { app, lifecycle, predict } = await start();
  expect((await app.inject("/health/ready")).statusCode).toBe(200);
  lifecycle.drain();
  expect((await app.inject("/health/ready")).statusCode).toBe(503);
  const response = await predict(flower);
  expect(response.statusCode).toBe(200);
  expect(response.headers.connection).toBe("close");
});

test("/version tells where the model came from", async () => {
  const { app } = await start();
  expect((await app.inject("/version")).json()).toEqual(irisServed().lineage);
});

test("/metrics counts requests by route and status, predictions by class, and the process itself", async () => {
  const { app, predict } = await start();
  await predict(flower);
  await predict({});
  const { payload } = await app.inject("/metrics");
  expect(payload).toContain('http_request_duration_seconds_count{method="POST",route="/predict",status="200"} 1');
  expect(payload).toContain('http_request_duration_seconds_count{method="POST",route="/predict",status="422"} 1');
  expect(payload).toContain('predictions_total{class="setosa"} 1');
  expect(payload).toContain("predict_cpu_seconds_count 2");
  expect(payload).toContain("predict_memory_change_bytes_count 2");
  expect(payload).toContain('model_input_values_total{input="petal_width",bin="0"} 1');
  expect(payload).toContain('model_input_reference_ratio{input="petal_width",bin="0"} 0.5');
  expect(payload).toContain('prediction_confidence_total{bin="1"} 1');
  expect(payload).toContain('prediction_reference_ratio{class="setosa"} 0.5');
  expect(payload).toContain("predict_in_flight 0");
  expect(payload).toContain("nodejs_eventloop_lag_seconds");
  expect(payload).toContain("process_resident_memory_bytes");
});

test("the API document is valid OpenAPI, shows every route and an example that /predict accepts", async () => {
  const { app, predict } = await start();
  const document = (await app.inject("/docs/json")).json();
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
  expect(Object.keys(document.paths).sort()).toEqual([
    "/health/live",
    "/health/ready",
    "/metrics",
    "/predict",
    "/v2/",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/{model}",
    "/v2/models/{model}/infer",
    "/v2/models/{model}/ready",
    "/v2/models/{model}/versions/{version}",
    "/v2/models/{model}/versions/{version}/infer",
    "/v2/models/{model}/versions/{version}/ready",
    "/version",
  ]);
  const { example } = document.paths["/predict"].post.requestBody.content["application/json"];
  expect((await predict(example)).statusCode).toBe(200);
  expect((await app.inject("/docs/")).payload).not.toMatch(/(src|href)="https?:/);
});

test("a broken package's API document is valid too", async () => {
  const { app } = await start(broken);
  const document = (await app.inject("/docs/json")).json();
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
});
