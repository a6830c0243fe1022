import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import type { Engine } from "#serving/engine/engine.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import { flower, irisServed } from "#test/parts/iris-served.ts";

const requestTimeoutMs = 1000;
const checkIntervalMs = 1000; // how often the server looks for what is overdue
const body = JSON.stringify(flower);
const head = `POST /predict HTTP/1.1\r\nhost: iris\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;

async function listen(engine: Partial<Engine> = {}) {
  const iris = irisServed();
  const served = { ...iris, engine: { ...iris.engine, ...engine } };
  const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs };
  const app = await buildApp({ served, lifecycle: createLifecycle(served), limits });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    async dial(): Promise<Socket> {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined); // a reset is an end like another here
      await once(socket, "connect");
      return socket;
    },
    async predict(payload: string | Buffer = body) {
      const headers = { "content-type": "application/json" };
      const response = await request(`http://127.0.0.1:${port}/predict`, { method: "POST", headers, body: payload });
      return { status: response.statusCode, answer: (await response.body.json()) as Record<string, unknown> };
    },
    async metrics() {
      return (await request(`http://127.0.0.1:${port}/metrics`)).body.text();
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}

/** Milliseconds until the server has closed the socket, and what it said. */
async function untilClosed(socket: Socket): Promise<{ ms: number; said: string }> {
  const from = performance.now();
  let said = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    said += chunk;
  });
  await once(socket, "close");
  return { ms: performance.now() - from, said };
}

test("a body of 10 MB is refused with 413 and the next request is answered", async () => {
  await using server = await listen();
  expect((await server.predict(Buffer.alloc(10_000_000, 0x20))).status).toBe(413);
  expect((await server.predict()).status).toBe(200);
});

test.for([
  ["headers", "", head],
  ["a body", `${head}\r\n`, body],
] as const)("a client that sends %s byte by byte is cut off", async ([, atOnce, dripped]) => {
  await using server = await listen();
  const socket = await server.dial();
  socket.write(atOnce);
  let at = 0;
  const drip = setInterval(() => socket.write(dripped[at++] ?? " "), 50);
  const { ms, said } = await untilClosed(socket).finally(() => clearInterval(drip));
  expect(ms).toBeLessThan(requestTimeoutMs + checkIntervalMs + 500);
  expect(said).toMatch(/^HTTP\/1\.1 408/);
});

test("200 sockets that say nothing are closed in time and slow nobody else down", async () => {
  await using server = await listen();
  const idle = await Promise.all(Array.from({ length: 200 }, () => server.dial()));
  const closed = Promise.all(idle.map((socket) => untilClosed(socket)));
  const times: number[] = [];
  for (let at = 0; at < 300; at++) {
    const from = performance.now();
    expect((await server.predict()).status).toBe(200);
    times.push(performance.now() - from);
  }
  expect(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]).toBeLessThan(250);
  for (const { ms } of await closed) expect(ms).toBeLessThan(requestTimeoutMs + checkIntervalMs + 500);
});

test("a client that leaves in the middle of its body or before its answer harms nobody", async () => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<Float32Array>();
  await using server = await listen({
    predict: (input) => {
      if ((input[0] ?? 0) < 6) return Float32Array.of(1, 0, 0);
      asked.resolve();
      return release.promise;
    },
  });
  expect(await server.metrics()).toContain('http_requests_aborted_total{route="/predict"} 0');
  const halfway = await server.dial();
  halfway.write(`${head}\r\n${body.slice(0, 10)}`);
  const waiting = await server.dial();
  waiting.write(`${head}\r\n${body.replace("5.1", "6.1")}`);
  await asked.promise;
  halfway.destroy();
  waiting.destroy();
  expect((await server.predict()).status).toBe(200);
  release.resolve(Float32Array.of(1, 0, 0));
  await expect.poll(() => server.metrics()).toContain('http_requests_aborted_total{route="/predict"} 2');
  expect((await server.predict()).status).toBe(200);
});

test("what is not HTTP is told so and closed", async () => {
  await using server = await listen();
  const socket = await server.dial();
  socket.write("\x16\x03\x01\x02\x00\x01\x00 a TLS greeting\r\n\r\n");
  const { said } = await untilClosed(socket);
  expect(said).toMatch(/^HTTP\/1\.1 400/);
  expect(said).toContain("application/problem+json");
});

test("closing waits for the answer of a request that is being computed", async () => {
  const server = await listen({ predict: () => sleep(200, Float32Array.of(0, 1, 0)) });
  const asked = server.predict();
  await sleep(50);
  await server[Symbol.asyncDispose]();
  expect(await asked).toMatchObject({ status: 200, answer: { class: "versicolor" } });
});
