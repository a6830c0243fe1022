import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { picture, writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { childrenOf, type ServingProcess, startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

// A network whose batches take long enough to be disturbed, served as users serve it: a server and its model's process.
let folder: AsyncDisposable & { path: string };
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeCifar10Package(folder.path, { channels: [16, 16] });
});
afterAll(() => folder[Symbol.asyncDispose]());

const start = (variables: Record<string, string> = {}) =>
  startServing(["--package", folder.path], { DRAIN_DELAY_MS: "0", HOME: process.env["HOME"] ?? "", ...variables });

const headers = { "content-type": "application/octet-stream" };

/** Status and answer of a picture, or 0 where the connection broke. */
async function predict({ url }: ServingProcess, { body = picture, agent }: { body?: Buffer; agent?: Agent } = {}) {
  const options = { method: "POST" as const, headers, body, headersTimeout: 120_000 };
  try {
    const response = await request(`${url}/predict`, { ...options, ...(agent && { dispatcher: agent }) });
    const answer = (await response.body.json()) as Record<string, unknown>;
    return { status: response.statusCode, answer, retryAfter: Number(response.headers["retry-after"]) };
  } catch {
    return { status: 0, answer: {}, retryAfter: Number.NaN };
  }
}

async function metric({ url }: ServingProcess, name: string): Promise<number> {
  const text = await (await request(`${url}/metrics`)).body.text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

const isReady = async ({ url }: ServingProcess) => {
  const { statusCode, body } = await request(`${url}/health/ready`);
  await body.dump();
  return statusCode === 200;
};

async function dial({ url }: ServingProcess): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined); // a reset is an end like another here
  await once(socket, "connect");
  return socket;
}

test("kill -9 of the model's process: 503 and not ready while it starts again, no request hangs, then all is as before", async () => {
  await using server = await start();
  const before = await predict(server);
  expect(before.status).toBe(200);
  const [model = 0, ...others] = await childrenOf(server.pid);
  expect(others).toEqual([]);
  let isOver = false;
  const statuses: number[] = [];
  const crowd = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      const { status, retryAfter } = await predict(server);
      statuses.push(status);
      if (status === 503) expect(retryAfter).toBeGreaterThan(0);
      await sleep(20);
    }
  });
  await expect.poll(() => statuses).toContain(200);
  process.kill(model, "SIGKILL");
  await expect.poll(() => isReady(server), { timeout: 60_000, interval: 10 }).toBe(false);
  expect((await request(`${server.url}/health/live`)).statusCode).toBe(200);
  await expect.poll(() => isReady(server), { timeout: 120_000 }).toBe(true);
  isOver = true;
  await Promise.all(crowd);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect((await predict(server)).answer).toEqual(before.answer);
  expect(await metric(server, "model_process_restarts_total")).toBe(1);
  expect(await childrenOf(server.pid)).not.toContain(model);
});

test("many times the load it can take: answered or turned away at once, memory flat, and itself again afterwards", async () => {
  await using server = await start();
  const agents = Array.from({ length: 10 }, () => new Agent({ connections: 300 }));
  await using _ = disposable(agents);
  // Connected before, some at a time: a client that is kept from sending on a new connection for seconds would be told 408.
  for (const dispatcher of agents) {
    const greetings = Array.from({ length: 300 }, () => request(`${server.url}/health/live`, { dispatcher }));
    for (const { body } of await Promise.all(greetings)) await body.dump();
  }
  const wave = async () => {
    const crowd = agents.flatMap((agent) => Array.from({ length: 300 }, () => predict(server, { agent })));
    const answers = await Promise.all(crowd);
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    for (const { status, retryAfter } of answers) if (status === 503) expect(retryAfter).toBeGreaterThan(0);
    return { answered: count(200), refused: count(503) };
  };
  const first = await wave();
  expect(first.answered + first.refused).toBe(3000);
  expect(first.answered).toBeGreaterThan(0);
  expect(first.refused).toBeGreaterThan(0);
  const memory = await metric(server, "process_resident_memory_bytes");
  for (let round = 0; round < 3; round++) await wave();
  expect((await metric(server, "process_resident_memory_bytes")) - memory).toBeLessThan(150 * 2 ** 20);
  expect(await metric(server, "model_queue_depth")).toBe(0);
  expect(await isReady(server)).toBe(true); // health never waits behind the queue
  await expect.poll(async () => (await predict(server)).status, { timeout: 30_000 }).toBe(200);
});

test("bad requests among good ones: 422 for those at fault, and the answers of their neighbours are what they were", async () => {
  await using server = await start();
  const alone = await predict(server);
  const bad = picture.subarray(1);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) => predict(server, at % 4 === 3 ? { body: bad } : {})),
  );
  for (const [at, { status, answer }] of answers.entries()) {
    expect(status).toBe(at % 4 === 3 ? 422 : 200);
    if (status === 200) expect(answer["class"]).toBe(alone.answer["class"]);
  }
});

test("what clients left is not computed", async () => {
  await using server = await start();
  await predict(server);
  const [model = 0] = await childrenOf(server.pid);
  process.kill(model, "SIGSTOP"); // a batch that takes long
  const head = `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: ${picture.length}\r\n\r\n`;
  const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(server)));
  for (const socket of sockets) socket.write(Buffer.concat([Buffer.from(head), picture]));
  await expect.poll(() => metric(server, "model_queue_depth"), { timeout: 30_000 }).toBeGreaterThan(0);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => metric(server, "model_queue_depth"), { timeout: 30_000 }).toBe(0);
  process.kill(model, "SIGCONT");
  await expect.poll(() => metric(server, "model_batch_in_progress"), { timeout: 30_000 }).toBe(0);
  expect(await metric(server, "model_batch_size_sum")).toBeLessThan(80);
  expect((await predict(server)).status).toBe(200);
});

test("slow senders and 1,000 sockets that say nothing are closed, and others are answered meanwhile", async () => {
  await using server = await start({ REQUEST_TIMEOUT_MS: "2000" });
  const idle = await Promise.all(Array.from({ length: 1000 }, () => dial(server)));
  const slow = await Promise.all(Array.from({ length: 50 }, () => dial(server)));
  const closed = [...idle, ...slow].map((socket) => once(socket.resume(), "close"));
  const drip = setInterval(() => {
    for (const socket of slow) socket.write("P");
  }, 100);
  for (let at = 0; at < 50; at++) expect((await predict(server)).status).toBe(200);
  await Promise.all(closed);
  clearInterval(drip);
  expect((await predict(server)).status).toBe(200);
});

test("the model's process ends with its server, stopped or killed", async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await using server = await start();
    const [model = 0] = await childrenOf(server.pid);
    server.kill(signal);
    expect(await server.ended).toBe(signal === "SIGTERM" ? 0 : null);
    await expect.poll(() => isAlive(model), { timeout: 60_000 }).toBe(false);
  }
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function disposable(agents: readonly Agent[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.close()));
    },
  };
}
