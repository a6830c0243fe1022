import { expect, test } from "vitest";
import { createUsageMeter } from "#serving/usage.ts";

test("memory is the resident memory that Node reports", () => {
  const meter = createUsageMeter();
  const reported = process.memoryUsage.rss();
  expect(Math.abs(meter.read().memoryBytes - reported)).toBeLessThan(8 * 2 ** 20);
  meter.close();
});

test("memory that is taken into use shows as a change", () => {
  const meter = createUsageMeter();
  const start = meter.read();
  const taken = Buffer.alloc(64 * 2 ** 20, 1);
  const { memoryBytes } = meter.since(start);
  expect(memoryBytes).toBeGreaterThan(60 * 2 ** 20);
  expect(taken[0]).toBe(1);
  meter.close();
});

test("a tenth of a millisecond of work shows as CPU time, and waiting does not", async () => {
  const meter = createUsageMeter();
  const shares = Array.from({ length: 200 }, () => {
    const start = meter.read();
    while (performance.now() - start.latencyMs < 0.1);
    return meter.since(start).cpuMs;
  }).sort((a, b) => a - b);
  expect(shares[100]).toBeGreaterThan(0.05); // the median: a clock that moves in ticks of 4 ms would say 0
  const start = meter.read();
  await new Promise((done) => setTimeout(done, 300));
  const waited = meter.since(start);
  expect(waited.latencyMs).toBeGreaterThan(290);
  expect(waited.cpuMs).toBeLessThan(200);
  meter.close();
});
