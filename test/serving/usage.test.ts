import { expect, test } from "vitest";
import { createUsageMeter } from "#serving/usage.ts";

test("memory is the resident memory that Node reports", () => {
  const meter = createUsageMeter();
  const reported = process.memoryUsage.rss();
  expect(Math.abs(meter.open().startBytes - reported)).toBeLessThan(8 * 2 ** 20);
  meter.end();
});

test("memory that is taken into use shows as a change", () => {
  const meter = createUsageMeter();
  const account = meter.open();
  const taken = Buffer.alloc(64 * 2 ** 20, 1);
  const { memoryBytes } = meter.close(account);
  expect(memoryBytes).toBeGreaterThan(60 * 2 ** 20);
  expect(taken[0]).toBe(1);
  meter.end();
});

function work(ms: number): void {
  const from = performance.now();
  while (performance.now() - from < ms);
}

test("a tenth of a millisecond of work shows as CPU time, and waiting does not", async () => {
  const meter = createUsageMeter();
  const shares = Array.from({ length: 200 }, () => {
    const account = meter.open();
    meter.resume(account);
    work(0.1);
    return meter.close(account).cpuMs;
  }).sort((a, b) => a - b);
  expect(shares[100]).toBeGreaterThan(0.05); // the median: a clock that moves in ticks of 4 ms would say 0
  const account = meter.open();
  meter.resume(account);
  await new Promise((done) => setTimeout(done, 300));
  const waited = meter.close(account);
  expect(waited.latencyMs).toBeGreaterThan(290);
  expect(waited.cpuMs).toBeLessThan(200);
  meter.end();
});

test("what runs between two stretches of a request is not its own", () => {
  const meter = createUsageMeter();
  const account = meter.open();
  meter.resume(account);
  meter.pause(account);
  work(100); // another request's
  meter.resume(account);
  account.cpuMs += 2; // spent on it elsewhere
  const usage = meter.close(account);
  expect(usage.latencyMs).toBeGreaterThan(99);
  expect(usage.cpuMs).toBeGreaterThanOrEqual(2);
  expect(usage.cpuMs).toBeLessThan(50);
  meter.end();
});
