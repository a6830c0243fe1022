import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { expect, test } from "vitest";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { childrenOf, runServing, type ServingProcess, startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { writeTextPackage } from "#test/parts/text-served.ts";

const post = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(flower),
} as const;

test("a package is verified, loaded and served; SIGTERM ends it with 0 and one log line a request", async () => {
  await using folder = await temporaryFolder();
  const { digest } = await writeIrisPackage(folder.path);
  const variables = {
    MODEL_DIR: folder.path,
    MODEL_DIGEST: digest,
    MODEL_VERSION: "7",
    HOST: "127.0.0.1",
    DRAIN_DELAY_MS: "0",
  };
  await using server = await startServing([], variables);
  const version = await (await request(`${server.url}/version`)).body.json();
  expect(version).toEqual({ name: "model", version: "7", digest });
  const answer = await request(`${server.url}/predict`, post);
  expect(await answer.body.json()).toMatchObject({ class: "setosa" });
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  const lines = server.log.filter((line) => line["route"] === "/predict");
  expect(lines).toEqual([
    expect.objectContaining({
      method: "POST",
      status: 200,
      latencyMs: expect.any(Number),
      memoryChangeMb: expect.any(Number),
      cpuMs: expect.any(Number),
      requestId: expect.any(String),
    }),
  ]);
});

test("an image's settings hold: so many inputs in a batch, and no longer bodies", async () => {
  await using folder = await temporaryFolder();
  const { digest } = await writeCifar10Package(folder.path);
  await using server = await startServing([], {
    ...{ MODEL_DIR: folder.path, MODEL_DIGEST: digest, HOST: "127.0.0.1" },
    SERVING: "{maxBatchSize: 3, bodyLimitBytes: 4000}",
  });
  const told = server.log.map((line) => String(line["msg"])).join("\n");
  expect(told).toContain("ms for 3 inputs");
  const headers = { "content-type": "application/octet-stream" };
  const ask = (body: Buffer) => request(`${server.url}/predict`, { method: "POST", headers, body });
  expect((await ask(picture)).statusCode).toBe(200);
  expect((await ask(Buffer.alloc(4001))).statusCode).toBe(413);
});

test("none of the lines of a crowd's requests is lost, whether the server is stopped or ended at once", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(folder.path);
  for (const signals of [1, 2]) {
    await using server = await startServing(["--package", folder.path], {
      DRAIN_DELAY_MS: signals === 1 ? "0" : "60000",
    });
    const crowd = Array.from({ length: 300 }, async () => (await request(`${server.url}/predict`, post)).body.dump());
    await Promise.all(crowd);
    server.kill("SIGTERM");
    if (signals === 2) {
      await expect.poll(async () => (await request(`${server.url}/health/ready`)).statusCode).toBe(503);
      server.kill("SIGTERM");
    }
    expect(await server.ended).toBe(signals - 1);
    expect(server.log.filter((line) => line["route"] === "/predict")).toHaveLength(300);
  }
});

test.each([
  ["weights.bin", writeIrisPackage],
  ["weights.bin", writeCifar10Package],
  ["model/model.safetensors", writeTextPackage],
  ["model/tokenizer.json", writeTextPackage],
])(
  "a package whose %s is damaged leaves the server up and not ready, the reason in answer and log",
  async (file, write) => {
    await using folder = await temporaryFolder();
    await write(folder.path);
    await truncate(join(folder.path, file), 8);
    await using server = await startServing(["--package", folder.path]);
    expect((await request(`${server.url}/health/live`)).statusCode).toBe(200);
    const ready = await request(`${server.url}/health/ready`);
    expect(ready.statusCode).toBe(503);
    const told = await ready.body.text();
    expect(told).toContain(file);
    expect(told).not.toContain(folder.path);
    await expect.poll(() => server.log.map((line) => line["msg"]).join("\n")).toContain(file);
    server.kill("SIGINT");
    expect(await server.ended).toBe(0);
  },
);

// a table answered on the spot, and a network in a process of its own
test.each([
  ["iris", writeIrisPackage, { type: "application/json", body: JSON.stringify(flower) }],
  ["cifar10", writeCifar10Package, { type: "application/octet-stream", body: picture }],
  ["text", writeTextPackage, { type: "application/json", body: JSON.stringify({ text: "Where is the lamp?" }) }],
])("50 users of %s lose no request while one of two servers is stopped", async (_, write, asked) => {
  await using folder = await temporaryFolder();
  await write(folder.path);
  const variables = { HOME: process.env["HOME"] ?? "", DRAIN_DELAY_MS: "5000" }; // a busy machine notices late
  const start = () => startServing(["--package", folder.path], variables);
  await using leaving = await start();
  await using staying = await start();
  await using balancer = balance([leaving, staying], asked);
  let users = true;
  let answered = 0;
  const failures: unknown[] = [];
  const crowd = Array.from({ length: 50 }, async () => {
    while (users) {
      try {
        const { statusCode, body } = await balancer.send();
        await body.dump();
        if (statusCode === 200) answered += 1;
        else failures.push(statusCode);
      } catch (error) {
        failures.push(error);
      }
      await sleep(20); // a user reads before asking again
    }
  });
  await sleep(500);
  const before = answered;
  leaving.kill("SIGTERM");
  expect(await leaving.ended).toBe(0);
  const during = answered;
  await sleep(300);
  users = false;
  await Promise.all(crowd);
  expect(failures).toEqual([]);
  expect(during - before).toBeGreaterThan(200);
  expect(answered).toBeGreaterThan(during);
});

test("of GPUs the memory is told that NVIDIA's program says, and nothing without one", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(join(folder.path, "model"));
  const gpuLines = async (variables: Record<string, string>) => {
    await using server = await startServing(["--package", join(folder.path, "model")], variables);
    const metrics = await (await request(`${server.url}/metrics`)).body.text();
    return metrics.split("\n").filter((line) => line.startsWith("gpu_memory"));
  };
  await mkdir(join(folder.path, "bin"));
  const program = '#!/bin/sh\necho "0, 1024, 16384"\necho "1, [N/A], 16384"\n'; // a part of a GPU does not tell
  await writeFile(join(folder.path, "bin/nvidia-smi"), program, { mode: 0o755 });
  const path = process.env["PATH"] ?? "";
  expect(await gpuLines({ PATH: `${join(folder.path, "bin")}:${path}` })).toEqual([
    `gpu_memory_used_bytes{gpu="0"} ${2 ** 30}`,
    `gpu_memory_total_bytes{gpu="0"} ${2 ** 34}`,
  ]);
  await writeFile(join(folder.path, "bin/nvidia-smi"), "#!/bin/sh\necho no driver\nexit 9\n", { mode: 0o755 });
  expect(await gpuLines({ PATH: `${join(folder.path, "bin")}:${path}` })).toEqual([]);
});

test.each<[NodeJS.Signals, number]>([
  ["SIGTERM", 143],
  ["SIGINT", 130],
])("%s while the model is loaded ends it with %i, and the model's process with it", async (signal, status) => {
  await using folder = await temporaryFolder();
  await writeTextPackage(folder.path);
  const child = runServing(["--package", folder.path, "--port", "0"]);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(line.toString()).toContain("loading the model");
  await expect.poll(() => childrenOf(child.pid ?? 0), { timeout: 30_000 }).toHaveLength(1);
  const [process] = await childrenOf(child.pid ?? 0);
  child.kill(signal);
  expect(await once(child, "close")).toEqual([status, null]);
  await expect.poll(() => existsSync(`/proc/${process}`), { timeout: 30_000 }).toBe(false);
});

test("a second signal ends it at once", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(folder.path);
  await using server = await startServing(["--package", folder.path], { DRAIN_DELAY_MS: "60000" });
  const from = performance.now();
  server.kill("SIGTERM");
  await expect.poll(async () => (await request(`${server.url}/health/ready`)).statusCode).toBe(503);
  server.kill("SIGTERM");
  expect(await server.ended).toBe(1);
  expect(performance.now() - from).toBeLessThan(10_000);
});

test.for<[string, string[], number, RegExp]>([
  ["--help", ["--help"], 0, /npm run serve/],
  ["an unknown option", ["--modle"], 42, /--modle/],
  ["an unknown model", ["--model", "nothing"], 42, /nothing/],
])("%s is answered in words", async ([, argv, code, words]) => {
  const child = runServing(argv);
  const [out, complaint, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  expect(out + complaint).toMatch(words);
  expect(complaint).not.toMatch(/\n\s+at /);
  expect(status).toBe(code);
});

test("a port that is taken ends it with a way out, and its model's process with it", async () => {
  await using folder = await temporaryFolder();
  await writeTextPackage(folder.path);
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const child = runServing(["--package", folder.path, "--port", String(port)]);
  const [complaint, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect(complaint).toMatch(/can't listen: .*EADDRINUSE.*; --port 0 takes any free port/);
  expect(status).toBe(1);
  other.close();
});

/** Sends each request to the next ready server, as a Kubernetes service does: readiness is looked at now and then. */
function balance(servers: readonly ServingProcess[], { type, body }: { type: string; body: string | Buffer }) {
  const post = { method: "POST" as const, headers: { "content-type": type }, body };
  const agent = new Agent({ connections: 50 });
  let ready = [...servers];
  let turn = 0;
  const isReady = async ({ url }: ServingProcess) =>
    request(`${url}/health/ready`).then(
      ({ statusCode, body }) => body.dump().then(() => statusCode === 200),
      () => false,
    );
  const end = new AbortController();
  const probing = (async () => {
    while (!end.signal.aborted) {
      const states = await Promise.all(servers.map(isReady));
      ready = servers.filter((_, at) => states[at]);
      await sleep(200, undefined, { signal: end.signal }).catch(() => undefined);
    }
  })();
  return {
    send() {
      turn += 1;
      return request(`${ready[turn % ready.length]?.url}/predict`, { ...post, dispatcher: agent });
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await probing;
      await agent.close();
    },
  };
}
