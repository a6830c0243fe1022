import type { ServerResponse } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { answering } from "#test/parts/answering.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import type { ConnectionOptions } from "#training/mlflow/http.ts";

beforeAll(async () => void (await sharedMlflow()));

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const ok = { runs: [] };

async function failure(options: ConnectionOptions, call = search): Promise<unknown> {
  const client = createMlflowClient(options);
  try {
    await call(client);
  } catch (error) {
    return error;
  } finally {
    await client.close();
  }
  throw new Error("no failure");
}

const search = (client: ReturnType<typeof createMlflowClient>): Promise<unknown> =>
  client.searchRuns({ experimentIds: ["1"] });
const create = (client: ReturnType<typeof createMlflowClient>): Promise<unknown> =>
  client.createRun({ experimentId: "1" });

describe("a refusal", () => {
  it("for the host's name says what to start MLflow with", async () => {
    const { uri } = await sharedMlflow();
    const foreign = uri.replace("127.0.0.1", "[::ffff:7f00:1]"); // the same address, written as MLflow does not expect it
    const error = await failure({ trackingUri: foreign });
    expect(error).toBeInstanceOf(MlflowError);
    expect(String(error)).toContain(`MLFLOW_SERVER_ALLOWED_HOSTS="[::ffff:7f00:1],${new URL(foreign).host},`);
    expect(error).toMatchObject({ status: 403, verb: "POST" });
  });

  it("names MLflow's own code and reason", async () => {
    const { uri } = await sharedMlflow();
    const error = await failure({ trackingUri: uri }, (client) => client.getRun("0".repeat(32)));
    expect(error).toMatchObject({
      status: 404,
      code: "RESOURCE_DOES_NOT_EXIST",
      reason: expect.stringContaining("not found"),
    });
  });

  it("of credentials names the variables to set, and never shows them", async () => {
    await using server = await answering((request, response) => {
      const given = `${request.headers.authorization}`;
      const known = given === `Basic ${Buffer.from("ada:love").toString("base64")}` || given === "Bearer tok";
      if (known) json(response, 200, ok);
      else
        response
          .writeHead(401, { "content-type": "text/plain" })
          .end(`You are not authenticated: ${given}, wrong-secret`);
    });
    expect(String(await failure({ trackingUri: server.uri }))).toContain(
      "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    );
    const credentials = new URL(server.uri);
    credentials.username = "ada";
    credentials.password = "wrong-secret";
    for (const options of [
      { trackingUri: server.uri, username: "ada", password: "wrong-secret" },
      { trackingUri: credentials.href },
      { trackingUri: server.uri, token: "wrong-secret" },
    ]) {
      const error = await failure(options);
      expect(String(error)).toContain("The credentials were refused");
      expect(JSON.stringify(error) + String(error)).not.toMatch(/wrong-secret|Basic [A-Za-z0-9+/]{8}/);
    }
    credentials.password = "love";
    for (const options of [{ trackingUri: server.uri, token: "tok" }, { trackingUri: credentials.href }]) {
      const client = createMlflowClient(options);
      expect(await search(client)).toEqual([]);
      expect(client.uri).toBe(server.uri);
      await client.close();
    }
  });

  it("that is an HTML page is named, not shown", async () => {
    const page = `<html><head><title>502 Bad Gateway</title></head><body>${"<p>nginx</p>".repeat(1_000)}</body></html>`;
    await using server = await answering((_, response) =>
      response.writeHead(502, { "content-type": "text/html" }).end(page),
    );
    const error = await failure({ trackingUri: server.uri, retryMs: 0 });
    expect(error).toMatchObject({
      status: 502,
      reason: 'an HTML page came back ("502 Bad Gateway"), not MLflow\'s JSON',
    });
    expect(String(error).length).toBeLessThan(400);
  });

  it("is no refusal but a mistaken address where any answer is 200", async () => {
    await using server = await answering((_, response) => response.end("<html>hello</html>"));
    expect(String(await failure({ trackingUri: server.uri }, create))).toMatch(
      /not an answer of MLflow.*Is tracking.uri the address/,
    );
  });

  it.each([400, 403, 404, 409])("with %i is not repeated", async (status) => {
    await using server = await answering((_, response) => json(response, status, { error_code: "X", message: "no" }));
    expect(await failure({ trackingUri: server.uri })).toMatchObject({ status, code: "X", reason: "no" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("a call is repeated", () => {
  it("after 429 when Retry-After says so, whatever it is", async () => {
    await using server = await answering((_, response, count) => {
      if (count === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else
        json(response, 200, {
          run: { info: { run_id: "r", experiment_id: "1", status: "RUNNING", artifact_uri: "mlflow-artifacts:/1/r" } },
        });
    });
    const client = createMlflowClient({ trackingUri: server.uri });
    const began = performance.now();
    expect(await create(client)).toMatchObject({ runId: "r" });
    expect(performance.now() - began).toBeGreaterThan(990);
    await client.close();
  });

  it("not when Retry-After is longer than there is time", async () => {
    await using server = await answering((_, response) => response.writeHead(429, { "retry-after": "3600" }).end());
    expect(await failure({ trackingUri: server.uri })).toMatchObject({ status: 429 });
    expect(server.seen).toHaveLength(1);
  });

  it.each([502, 503, 504])("after %i when that can do no harm", async (status) => {
    await using server = await answering((_, response, count) =>
      count < 3 ? response.writeHead(status).end() : json(response, 200, ok),
    );
    const client = createMlflowClient({ trackingUri: server.uri });
    expect(await search(client)).toEqual([]);
    expect(server.seen).toHaveLength(3);
    await client.close();
    const before = server.seen.length;
    await using down = await answering((_, response) => response.writeHead(status).end());
    expect(await failure({ trackingUri: down.uri }, create)).toMatchObject({ status });
    expect(down.seen).toHaveLength(1);
    expect(server.seen).toHaveLength(before);
  });

  it("after a connection that broke, when that can do no harm", async () => {
    await using server = await answering((request, response, count) => {
      if (count % 2 === 1) request.socket.destroy();
      else json(response, 200, ok);
    });
    const client = createMlflowClient({ trackingUri: server.uri });
    expect(await search(client)).toEqual([]);
    await client.close();
    expect(await failure({ trackingUri: server.uri }, create)).toBeInstanceOf(MlflowUnreachableError);
    expect(server.seen).toHaveLength(3);
  });

  it("no longer than it may take", async () => {
    await using server = await answering((_, response) => response.writeHead(503).end());
    const began = performance.now();
    expect(await failure({ trackingUri: server.uri, retryMs: 700 })).toMatchObject({ status: 503 });
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(server.seen.length).toBeGreaterThan(1);
  });
});

describe("without an answer", () => {
  it("the error says so at once when nothing listens", async () => {
    const uri = `http://localhost:${await freePort()}`;
    const began = performance.now();
    const error = await failure({ trackingUri: uri });
    expect(error).toBeInstanceOf(MlflowUnreachableError);
    expect(String(error)).toMatch(/no answer from MLflow \(.*ECONNREFUSED.*\)\. Is it running/);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it("the wait is bounded", async () => {
    await using server = await answering(() => undefined);
    expect(await failure({ trackingUri: server.uri, timeoutMs: 300 })).toBeInstanceOf(MlflowUnreachableError);
  });
});

describe("nonsense is never sent", () => {
  it.each<[string, (client: ReturnType<typeof createMlflowClient>) => Promise<unknown>]>([
    ["an unknown status", (client) => client.updateRun("r", { status: "DONE" as "FINISHED" })],
    [
      "an unknown stage",
      (client) => client.transitionStage("m", "1", { stage: "staging" as "Staging", archiveExisting: true }),
    ],
    ["a param too long", (client) => client.logBatch("r", { params: { a: "x".repeat(6_001) } })],
    ["a tag too long", (client) => client.logBatch("r", { tags: { a: "x".repeat(8_001) } })],
    [
      "a name with odd characters",
      (client) => client.logBatch("r", { metrics: [{ key: "a?b", value: 1, step: 1, timestamp: 1 }] }),
    ],
    [
      "a batch too big",
      (client) =>
        client.logBatch("r", { params: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`p${i}`, ""])) }),
    ],
    [
      "a digest too long",
      (client) => client.logInputs("r", [{ name: "d", digest: "x".repeat(37), source: "", sourceType: "local" }]),
    ],
    ["artifacts that are not proxied", (client) => client.uploadArtifact("s3://bucket/x", "a", Buffer.from(""))],
  ])("%s", async (_, call) => {
    await using server = await answering((__, response) => json(response, 200, {}));
    await failure({ trackingUri: server.uri }, call);
    expect(server.seen).toEqual([]);
  });
});
