import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { openStoredLog } from "#serving/stored-log.ts";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { classes, features, writeIrisPackage } from "#test/parts/iris-served.ts";
import { runProgram } from "#test/parts/program.ts";
import { startS3 } from "#test/parts/s3.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import { measureDrift } from "#training/drift/measure.ts";
import { createTally } from "#training/drift/tally.ts";
import type { Reference } from "#training/package/reference.ts";
import { openStorage } from "#training/storage/open.ts";

const thresholds = { psi: 0.2, p: 0.01 };

describe("the comparison", () => {
  const reference: Reference = {
    rows: { train: 1000, validation: 1000 },
    inputs: [
      {
        ...{ name: "length", count: 1000, mean: 5, std: 3, min: 0, max: 10, quantiles: [] },
        histogram: { edges: Array.from({ length: 11 }, (_, edge) => edge), counts: Array(10).fill(100) },
      },
    ],
    labels: [500, 500],
    predictions: [500, 500],
    confidence: { edges: [0, 0.5, 0.75, 1], counts: [100, 300, 600] },
  };
  /** Requests whose lengths, classes and confidences follow the reference, but for what is changed. */
  const requests = (count: number, change: Partial<Record<"shift" | "first" | "doubt", number>> = {}) =>
    Array.from({ length: count }, (_, at): LoggedRequest => {
      const { shift = 0, first = 0.5, doubt = 0 } = change;
      const inputs = Array(10).fill(0);
      inputs[Math.min(9, (at % 10) + shift)] = 1;
      return {
        ...{ time: new Date(at * 1000).toISOString(), digest: "d", inputs: [inputs] },
        class: ((at * 37) % 100) / 100 < first ? "one" : "other",
        confidence: Math.max(0, [0.4, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9][at % 10] ?? 0) - doubt,
      };
    });
  const compare = (window: readonly LoggedRequest[], minimumRows = 200) => {
    const classes = ["one", "other"];
    const tally = createTally(reference, classes);
    for (const one of window) tally.add(one);
    return measureDrift(tally.done(), { reference, classes }, { ...thresholds, minimumRows });
  };
  const driftedIn = (window: readonly LoggedRequest[]) => {
    const drift = compare(window);
    return drift.kind === "too-few" ? [] : drift.findings.filter(({ isDrifted }) => isDrifted).map(({ name }) => name);
  };

  test("finds nothing where nothing changed", () => {
    expect(compare(requests(1000))).toMatchObject({ kind: "stable", rows: 1000 });
  });

  test.each([
    ["length", { shift: 3 }],
    ["class", { first: 0.9 }],
    ["confidence", { doubt: 0.3 }],
  ] as const)("finds %s changed, and nothing else", (name, change) => {
    expect(driftedIn(requests(1000, change))).toEqual([name]);
  });

  test("too few requests say nothing, whatever they are", () => {
    expect(compare(requests(199, { shift: 5 }))).toMatchObject({ kind: "too-few", rows: 199 });
  });

  test("a difference that is certain but small does not count, nor does a large one that may be chance", () => {
    expect(driftedIn(requests(100_000, { first: 0.53 }))).toEqual([]);
    const few = compare(requests(20, { first: 0.75 }), 1);
    if (few.kind === "too-few") throw new Error("nothing was compared");
    const found = few.findings.find(({ name }) => name === "class");
    expect(found?.psi).toBeGreaterThan(0.2);
    expect(few.kind).toBe("stable");
  });
});

test("what the server has logged is compared with its package: stable by its own data, drifted once petals grow", async () => {
  await using folder = await temporaryFolder();
  const [model, log] = [join(folder.path, "model"), join(folder.path, "requests.jsonl")];
  const rows = await parseIris();
  await writeIrisPackage(model, undefined, rows);
  await using server = await startServing(["--package", model], { REQUEST_LOG: log, DRAIN_DELAY_MS: "0" });
  const ask = async (change: (name: string, value: number) => number) => {
    for (const row of [...rows, ...rows]) {
      const body = JSON.stringify(
        Object.fromEntries(features.map(({ name }, at) => [name, change(name, row[at] ?? 0)])),
      );
      const answer = await request(`${server.url}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
  };
  const out = join(folder.path, "pages/drift.html");
  const drift = (...more: string[]) =>
    runProgram("serving/drift/main.ts", ["--package", model, "--log", log, "--out", out, ...more]);

  await ask((_, value) => value);
  await expect.poll(async () => (await readFile(log, "utf8")).split("\n")).toHaveLength(2 * rows.length + 1);
  const line = JSON.parse((await readFile(log, "utf8")).split("\n")[0] ?? "");
  expect(classes).toContain(line.class);
  const stable = await drift();
  expect(stable.output).toContain(`stable: ${2 * rows.length} requests`);
  expect(stable.code).toBe(0);

  const changedFrom = new Date().toISOString();
  await ask((name, value) => (name === "petal_length" ? value + 3 : value));
  server.kill("SIGTERM"); // the log is whole once it has ended
  expect(await server.ended).toBe(0);
  await appendFile(log, '{"time":"2026'); // as a killed one leaves it
  const drifted = await drift("--since", changedFrom);
  expect(drifted.output).toMatch(/drifted: 300 requests differ in .*petal_length/);
  expect(drifted.output).toContain("1 lines were none of this log");
  expect(drifted.output).toContain(`${2 * rows.length} requests of another model or time were left out`);
  expect(drifted.code).toBe(3);
  const page = await readFile(out, "utf8");
  expect(page).toContain("petal_length");
  expect(page).toContain("<svg");
  expect(JSON.parse(await readFile(join(folder.path, "pages/drift.json"), "utf8"))).toMatchObject({ kind: "drifted" });
  const before = await drift("--until", changedFrom);
  expect(before.code).toBe(0);
});

test("pictures are compared by their colours", async () => {
  await using folder = await temporaryFolder();
  const [model, log] = [join(folder.path, "model"), join(folder.path, "requests.jsonl")];
  await writeCifar10Package(model);
  await using server = await startServing(["--package", model], { REQUEST_LOG: log, DRAIN_DELAY_MS: "0" });
  const headers = { "content-type": "application/octet-stream" };
  const reds = Buffer.alloc(picture.length).map((_, at) => (at % 3 === 0 ? 255 : (picture[at] ?? 0)));
  for (let at = 0; at < 40; at++) {
    const answer = await request(`${server.url}/predict`, { method: "POST", headers, body: Buffer.from(reds) });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
  }
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  const out = join(folder.path, "drift.html");
  const args = ["--package", model, "--log", log, "--min-rows", "40", "--out", out];
  const { code, output } = await runProgram("serving/drift/main.ts", args);
  expect(output).toMatch(/drifted: 40 requests differ in red/);
  expect(code).toBe(3);
  const { findings } = JSON.parse(await readFile(join(folder.path, "drift.json"), "utf8"));
  expect(findings.map(({ name }: { name: string }) => name)).toEqual(["red", "green", "blue", "class", "confidence"]);
});

const ask = async (url: string) => {
  const body = JSON.stringify(Object.fromEntries(features.map(({ name }) => [name, 1])));
  const headers = { "content-type": "application/json" };
  const answer = await request(`${url}/predict`, { method: "POST", headers, body });
  await answer.body.dump();
  return answer.statusCode;
};

test("a log that is full is put aside, and one that can't be written harms no request", async () => {
  await using folder = await temporaryFolder();
  const [model, log] = [join(folder.path, "model"), join(folder.path, "requests.jsonl")];
  await writeIrisPackage(model);
  await using small = await startServing(["--package", model], { REQUEST_LOG: log, REQUEST_LOG_MAX_BYTES: "1000" });
  for (let at = 0; at < 20; at++) expect(await ask(small.url)).toBe(200);
  await expect.poll(() => stat(`${log}.1`).then(({ size }) => size)).toBeGreaterThan(999);
  await writeFile(join(folder.path, "a-file"), "");
  const nowhere = join(folder.path, "a-file/requests.jsonl");
  await using broken = await startServing(["--package", model], { REQUEST_LOG: nowhere });
  for (let at = 0; at < 5; at++) expect(await ask(broken.url)).toBe(200);
  await expect.poll(() => JSON.stringify(broken.log)).toContain("a request was not logged");
});

test("servers log to S3, where drift looks for the model: what is held is written from time to time and at the end", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(folder.path);
  await using s3 = await startS3();
  const log = `s3://${s3.bucket}/requests`;
  const { endpoint, credentials, variables } = s3;
  const keys = () => openStorage(log, folder.path, { endpoint, credentials }).list("flowers");
  const serve = (more: Record<string, string>) => {
    const settings = { ...variables, REQUEST_LOG: log, DRAIN_DELAY_MS: "0", ...more };
    return startServing(["--package", folder.path, "--model", "flowers"], settings);
  };
  await using first = await serve({ REQUEST_LOG_SECONDS: "1" });
  await using second = await serve({ REQUEST_LOG_MAX_BYTES: "1000" });
  expect(await ask(first.url)).toBe(200);
  await expect.poll(async () => (await keys()).length, { timeout: 30_000 }).toBe(1);
  for (let at = 0; at < 50; at++) {
    expect(await ask(second.url)).toBe(200);
    if (at === 25) await expect.poll(async () => (await keys()).length, { timeout: 30_000 }).toBeGreaterThan(1); // full
  }
  expect(await ask(first.url)).toBe(200);
  for (const server of [first, second]) {
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  }
  for (const key of await keys()) expect(key).toMatch(/^flowers\/20\d\d-\d\d-\d\d\/\d{6}-[0-9a-f]{8}\.jsonl\.gz$/);
  const args = ["--package", folder.path, "--log", `${log}/flowers`, "--out", join(folder.path, "drift.html")];
  const drift = await runProgram("serving/drift/main.ts", [...args, "--min-rows", "1"], { env: variables });
  const leftOut = [...first.log, ...second.log].filter(({ msg }) => msg === "a request was not logged");
  expect(drift.output).toMatch(/: 52 requests/);
  expect(leftOut).toEqual([]);
}, 120_000);

test("while the store takes its time so much is held and no more, and what was left out is told", async () => {
  const told: string[] = [];
  const sizes: number[] = [];
  const [isSlow, isFast] = [Promise.withResolvers<void>(), Promise.resolve()];
  const storage = {
    uri: "s3://slow",
    write: (_: string, packed: Uint8Array) => {
      sizes.push(gunzipSync(packed).length);
      return sizes.length === 1 ? isSlow.promise : isFast;
    },
  };
  const options = { storage, model: "iris", everySeconds: 3600, maxBytes: 1 };
  const log = openStoredLog(options, ({ message }) => told.push(message));
  const entry = { time: "", digest: "", inputs: [Array<number>(500_000).fill(1)], class: "", confidence: 1 }; // a megabyte
  for (let at = 0; at < 20; at++) log.add(entry);
  isSlow.resolve();
  await log.close();
  expect(told).toEqual(["10 requests came faster than s3://slow took them"]);
  expect(sizes.map((size) => Math.floor(size / 1_000_000))).toEqual([1, 9]);
});

test("a store that is away harms no request: it is told, and the server ends in time", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(folder.path);
  const variables = {
    ...{ AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    ...{ AWS_REGION: "us-east-1", REQUEST_LOG: "s3://bucket/requests", REQUEST_LOG_SECONDS: "1", DRAIN_DELAY_MS: "0" },
  };
  await using server = await startServing(["--package", folder.path], variables);
  for (let at = 0; at < 5; at++) expect(await ask(server.url)).toBe(200);
  await expect.poll(() => JSON.stringify(server.log), { timeout: 60_000 }).toContain("a request was not logged");
  expect(await ask(server.url)).toBe(200);
  server.kill("SIGTERM");
  await server.ended;
}, 120_000);

test.for<[string, string[], RegExp]>([
  ["a time that is none", ["--since", "yesterday"], /^--since yesterday is no date$/m],
  ["a number that is none", ["--min-rows", "many"], /^--min-rows many is no number$/m],
  ["a chance beyond 1", ["--p", "2"], /^--p 2: Too big/m],
  ["no arguments", [], /--package and --log/],
  ["a folder that is no package", ["--package", "test/parts", "--log", "x"], /model package in .*test\/parts/],
])("%s is told and ends with 42", async ([, args, words]) => {
  const { code, output } = await runProgram("serving/drift/main.ts", args);
  expect(output).toMatch(words);
  expect(code).toBe(42);
});
