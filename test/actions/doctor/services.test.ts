import { describe, expect, test } from "vitest";
import { checkMlflow } from "#actions/doctor/mlflow.ts";
import { checkStorage } from "#actions/doctor/storage.ts";
import { answering } from "#test/parts/answering.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { startS3 } from "#test/parts/s3.ts";
import { createS3Objects } from "#training/storage/s3-objects.ts";
import { doctorConfig } from "./doctor-config.ts";

const trackedIn = (uri: string) => [doctorConfig({ tracking: { uri } })];
const onRunner = { GITHUB_ACTIONS: "true" };

describe("MLflow", () => {
  test("that answers is told with its version, once for all models", async () => {
    const { uri } = await sharedMlflow();
    const configs = [...trackedIn(uri), ...trackedIn(uri)];
    expect(await checkMlflow(configs, onRunner)).toEqual([
      { kind: "ok", about: `MLflow at ${uri}`, reason: expect.stringMatching(/^3\.\d+\.\d+ answers$/) },
    ]);
  });

  test("that does not know itself by this name: which hosts it must allow", async () => {
    const { uri } = await sharedMlflow();
    const foreign = `http://[::ffff:127.0.0.1]:${new URL(uri).port}`;
    expect(await checkMlflow(trackedIn(foreign), onRunner)).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringContaining("403"),
        remedy: expect.stringContaining(`MLFLOW_SERVER_ALLOWED_HOSTS="[::ffff:7f00:1],${new URL(foreign).host},`),
      },
    ]);
  });

  test.each([
    [{}, "wants credentials: set MLFLOW_TRACKING_USERNAME"],
    [{ MLFLOW_TRACKING_TOKEN: "wrong" }, "were refused: check MLFLOW_TRACKING_USERNAME"],
  ])("that has users, asked with %j", async (credentials, remedy) => {
    await using server = await answering((request, response) => {
      if (request.url === "/version") response.end("3.17.2");
      else response.writeHead(401, { "content-type": "text/html" }).end("<html><title>Sign in</title></html>");
    });
    expect(await checkMlflow(trackedIn(server.uri), { ...onRunner, ...credentials })).toMatchObject([
      { kind: "problem", remedy: expect.stringContaining(remedy) },
    ]);
  });

  test.each([
    ["3.10.1", "advice"],
    ["2.22.0", "advice"],
    ["3.11.0", "ok"],
  ])("%s: %s", async (version, kind) => {
    await using server = await answering((request, response) => {
      if (request.url === "/version") response.end(version);
      else response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
    expect(await checkMlflow(trackedIn(server.uri), onRunner)).toMatchObject([{ kind }]);
  });

  test("that does not answer is a problem on a runner, and not where npm start would start it", async () => {
    const configs = trackedIn(`http://127.0.0.1:${await freePort()}`);
    expect(await checkMlflow(configs, onRunner)).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringContaining("no answer"),
        remedy: expect.stringContaining("MLFLOW_TRACKING_URI"),
      },
    ]);
    expect(await checkMlflow(configs, {})).toMatchObject([
      { kind: "ok", reason: expect.stringContaining("npm start") },
    ]);
  });
});

describe("S3", () => {
  const stored = (models: string, data = "./data") => [
    doctorConfig({ models: { uri: models }, data: { ...doctorConfig().data, root: data } }),
  ];

  test("that is reachable is read and written, and left as it was", async () => {
    await using s3 = await startS3();
    const uri = `s3://${s3.bucket}/models`;
    expect(await checkStorage(stored(uri, `s3://${s3.bucket}/data`), s3)).toEqual([
      { kind: "ok", about: `models in ${uri}`, reason: "can be read and written" },
      { kind: "ok", about: `data in s3://${s3.bucket}/data`, reason: "can be read" },
    ]);
    const objects = createS3Objects(s3.bucket, { endpoint: s3.endpoint, credentials: s3.credentials });
    const left = [];
    for await (const object of objects.list("")) left.push(object);
    expect(left).toEqual([]);
  });

  test("whose bucket is missing, or that knows no such key", async () => {
    await using s3 = await startS3();
    expect(await checkStorage(stored("s3://not-there/models"), s3)).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringContaining("has no bucket not-there"),
        remedy: expect.stringContaining("create it"),
      },
    ]);
    const credentials = { ...s3.credentials, secretAccessKey: "wrong" };
    expect(await checkStorage(stored(`s3://${s3.bucket}/m`), { endpoint: s3.endpoint, credentials })).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringContaining("does not take the credentials"),
        remedy: expect.stringContaining("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
      },
    ]);
  });

  test("that does not answer", async () => {
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const server = { endpoint: `http://127.0.0.1:${await freePort()}`, credentials };
    expect(await checkStorage(stored("s3://models"), server)).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringContaining("no connection"),
        remedy: expect.stringContaining("check that it runs"),
      },
    ]);
  });

  test("is not asked where nothing is stored there", async () => {
    expect(await checkStorage(stored("./outputs/models"), {})).toEqual([]);
  });
});
