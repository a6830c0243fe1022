import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { startLocalServer } from "#test/parts/local-server.ts";
import { runLocust } from "#test/parts/locust.ts";
import { runProgram } from "#test/parts/program.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { writeTextPackage } from "#test/parts/text-served.ts";
import { bySecond, summarize } from "./summary.ts";

const program = "test/load/main.ts";

test.each([
  { model: "tables", write: writeIrisPackage },
  { model: "pictures", write: writeCifar10Package }, // whose document has more than one example
  { model: "texts", write: writeTextPackage },
])("it starts a server of $model, loads it with the model's own examples, and writes a page", async ({ write }) => {
  await using folder = await temporaryFolder();
  await write(join(folder.path, "model"));
  const out = join(folder.path, "pages/load.html");
  const args = ["--package", join(folder.path, "model"), "--users", "10", "--seconds", "2", "--out", out];
  const { code, output } = await runProgram(program, args);
  expect(output).toMatch(/\d+ requests, 0 failed, \d+ answered a second/);
  expect(code).toBe(0);
  const page = await readFile(out, "utf8");
  expect(page).toContain("10 users for 2 s");
  expect(page).toContain("<svg");
  expect(page).not.toMatch(/(src|href)="http/);
});

test("too slow is 3, and so is a server that fails", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(join(folder.path, "model"));
  const out = join(folder.path, "load.html");
  const own = ["--package", join(folder.path, "model"), "--users", "2", "--seconds", "1", "--out", out];
  const slow = await runProgram(program, [...own, "--max-p95", "0"]);
  expect(slow.output).toContain("too slow");
  expect(slow.code).toBe(3);
  const content = { "application/json": { example: {} } };
  await using failing = await startLocalServer((incoming, response) => {
    response.statusCode = incoming.url === "/predict" ? 500 : 200;
    response.end(JSON.stringify({ paths: { "/predict": { post: { requestBody: { content } } } } }));
  });
  const failed = await runProgram(program, ["--url", failing.uri, "--users", "2", "--seconds", "1", "--out", out]);
  expect(failed.output).toContain('"500":');
  expect(failed.code).toBe(3);
});

test.for<[string, string[], number, RegExp]>([
  ["an unknown option", ["--user", "5"], 42, /--user/],
  ["users in words", ["--users", "many"], 42, /users/],
  ["a URL that is none", ["--url", "localhost"], 42, /url/],
  ["nobody there", ["--url", "http://127.0.0.1:1"], 1, /can't reach http:.*ECONNREFUSED.*npm run serve/],
  ["--help", ["--help"], 0, /npm run loadtest/],
])("%s is answered in words", async ([, args, status, words]) => {
  const { code, output } = await runProgram(program, args);
  expect(output).toMatch(words);
  expect(code).toBe(status);
});

test("percentiles are of what was answered, and failures are counted by status", () => {
  const samples = [
    ...Array.from({ length: 100 }, (_, at) => ({ atMs: at * 20, latencyMs: at + 1, status: 200 })),
    { atMs: 1500, latencyMs: 900, status: 503 },
    { atMs: 1600, latencyMs: Number.NaN, status: 0 },
  ];
  expect(summarize(samples, 2)).toEqual({
    requests: 102,
    failed: 2,
    perSecond: 50,
    percentiles: { p50: 50, p90: 90, p95: 95, p99: 99, max: 100 },
    statuses: { 200: 100, 503: 1, "no answer": 1 },
  });
  expect(bySecond(samples).map(({ second, summary }) => [second, summary.requests])).toEqual([
    [0, 50],
    [1, 52],
  ]);
});

test("a server that wants a token is sent it", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(join(folder.path, "model"));
  const token = { API_TOKEN: "a secret of some length" };
  await using server = await startServing(["--package", join(folder.path, "model")], token);
  const args = ["--url", server.url, "--users", "2", "--seconds", "1", "--out", join(folder.path, "load.html")];
  expect((await runProgram(program, args)).output).toMatch(
    /answers: \{"401":\d+\}[\s\S]*100.00 % failed.*set API_TOKEN/,
  );
  const { code, output } = await runProgram(program, args, { env: token });
  expect(output).toMatch(/answers: \{"200":\d+\}/);
  expect(code).toBe(0);
});

test("Locust's users get their answers, by the examples of the server's API document", async () => {
  await using folder = await temporaryFolder();
  await writeCifar10Package(folder.path);
  const token = { API_TOKEN: "a secret of some length" };
  await using server = await startServing(["--package", folder.path], token);
  const { requests, failures, p95 } = await runLocust(server.url, { users: 5, seconds: 8, variables: token });
  expect(requests).toBeGreaterThan(10);
  expect(failures).toBe(0);
  expect(p95).toBeGreaterThan(0);
  const wrong = await runLocust(server.url, { users: 2, seconds: 8, body: { petal: 1 }, variables: token });
  expect(wrong.failures).toBe(wrong.requests);
});
