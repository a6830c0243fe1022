import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { Machine, type Prices } from "#config/prices.ts";
import { breakEvenSpeedup, breakEvenTraffic, cheapest, scenario } from "#serving/finops/costs.ts";
import { chanceToWait, latencyMs, machinesFor } from "#serving/finops/queueing.ts";
import { quantile, simulateMonths } from "#serving/finops/traffic.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { runProgram } from "#test/parts/program.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { perMillionBusy, trainingCost } from "#training/cost.ts";

const cpu = Machine.parse({ name: "cpu", vcpus: 2, onDemand: 0.1, reserved: 0.06, spot: 0.03 });
const gpu = Machine.parse({ name: "gpu", vcpus: 4, gpus: 1, onDemand: 0.5, reserved: 0.3, spot: 0.2 });
const prices: Prices = { currency: "USD", machines: [cpu, gpu] };
const objective = { targetMs: 100, late: 0.05, fewestReplicas: 1 };

describe("queueing", () => {
  // Erlang C's published table; one server waits as often as it is busy
  test.each([
    [1, 0.5, 0.5],
    [2, 1, 1 / 3],
    [5, 4, 0.5541],
    [10, 8, 0.4092],
    [3, 3, 1],
  ])("with %i servers and %d erlangs a request waits with a chance of %d", (servers, erlangs, chance) => {
    expect(chanceToWait(servers, erlangs)).toBeCloseTo(chance, 4);
  });

  test("one server's wait is that of M/M/1: all but a share wait less than ln(load / share) / (rate left over)", () => {
    const demand = { perSecond: 80, cpuMs: 10, targetMs: 100, late: 0.05 };
    expect(latencyMs(1, demand)).toBeCloseTo(10 + Math.log(0.8 / 0.05) / ((1 - 0.8) / 10), 6);
    expect(latencyMs(1, { ...demand, perSecond: 100 })).toBe(Infinity);
  });

  test("as many machines as the target needs, never fewer than asked, none where the work itself takes too long", () => {
    const demand = { perSecond: 300, cpuMs: 10, targetMs: 30, late: 0.05 };
    const machines = machinesFor(demand, 2, 1) ?? 0;
    expect(latencyMs(2 * machines, demand)).toBeLessThanOrEqual(30);
    expect(machinesFor({ ...demand, perSecond: 1 }, 2, 3)).toBe(3);
    expect(machinesFor({ ...demand, cpuMs: 31 }, 2, 1)).toBeUndefined();
  });
});

describe("costs", () => {
  test("a million predictions of a millisecond are 1,000 CPU seconds", () => {
    expect(perMillionBusy(1, cpu).onDemand).toBeCloseTo((1000 / 3600) * 0.05, 10);
  });

  test("a month is 730 hours of every machine, and a million predictions its share", () => {
    const found = scenario(100, cpu, { profile: { cpuMs: 1 }, objective: { ...objective, fewestReplicas: 2 } });
    expect(found).toMatchObject({ machines: 2, monthly: { onDemand: 2 * 0.1 * 730, spot: 2 * 0.03 * 730 } });
    expect(found?.perMillion.onDemand).toBeCloseTo((2 * 0.1 * 730) / (100 * 3600 * 730e-6), 6);
  });

  test("the cheapest machine changes with the traffic, where the GPU was measured", () => {
    const given = { profile: { cpuMs: 10, gpuMs: 0.1 }, objective };
    expect(cheapest(10, prices, given)?.machine).toBe(cpu);
    expect(cheapest(5000, prices, given)?.machine).toBe(gpu);
    const from = breakEvenTraffic(cpu, gpu, given) ?? 0;
    const [own, other] = [scenario(from, gpu, given), scenario(from, cpu, given)];
    expect(own?.monthly.onDemand).toBeLessThan(other?.monthly.onDemand ?? 0);
    expect(cheapest(5000, prices, { profile: { cpuMs: 10 }, objective })?.machine).toBe(cpu);
    expect(breakEvenSpeedup(cpu, gpu, "onDemand")).toBeCloseTo(0.5 / 0.05, 10);
  });

  test("training costs the processors it used, or the machine whose GPU it held", () => {
    const run = { seconds: 3600, cpuSeconds: 7200 };
    const on = (backend: "cpu" | "gpu") => ({ ...run, device: { backend, name: "", reason: "" } });
    expect(trainingCost(on("cpu"), cpu).onDemand).toBeCloseTo(2 * 0.05, 10);
    expect(trainingCost(on("gpu"), gpu).spot).toBeCloseTo(0.2, 10);
  });
});

describe("simulated months", () => {
  const given = { profile: { cpuMs: 10 }, objective, months: 200, seed: 1 };
  const steady = { perSecond: 100, swing: 0, noise: 0, growth: 0 };

  test("steady traffic costs its machines' hours, every month", () => {
    const months = simulateMonths(steady, cpu, given);
    const { machines = 0 } = scenario(100, cpu, given) ?? {};
    for (const month of months) expect(month).toBeCloseTo(730 * machines * 0.1, 6);
  });

  test("chance and growth spread them, the same seed draws the same ones", () => {
    const restless = { perSecond: 1000, swing: 0.5, noise: 0.3, growth: 0.5 };
    const months = simulateMonths(restless, cpu, given);
    expect(months).toEqual(simulateMonths(restless, cpu, given));
    expect(months).not.toEqual(simulateMonths(restless, cpu, { ...given, seed: 2 }));
    expect(quantile(months, 0.95)).toBeGreaterThan(quantile(months, 0.05));
    const flat = simulateMonths({ ...steady, perSecond: 1000 }, cpu, given);
    expect(quantile(months, 0.5)).toBeGreaterThan(quantile(flat, 0.5)); // they grew by a quarter on average
  });
});

test("the program prices what a running server has measured of itself", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(join(folder.path, "model"));
  await using server = await startServing(["--package", join(folder.path, "model")]);
  for (let at = 0; at < 50; at++) {
    const headers = { "content-type": "application/json" };
    const options = { method: "POST" as const, headers, body: JSON.stringify(flower) };
    await (await request(`${server.url}/predict`, options)).body.dump();
  }
  const cpuSeconds = async () => {
    const metrics = await (await request(`${server.url}/metrics`)).body.text();
    return Number(/^serving_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
  };
  const before = await cpuSeconds();
  const out = join(folder.path, "pages/cost.html");
  const { code, output } = await runProgram("serving/finops/main.ts", [
    ...["--url", server.url, "--out", out, "--traffic", "100000"],
  ]);
  expect(code).toBe(0);
  expect(output).toContain(`mean of 50 that ${server.url} has made`);
  const page = await readFile(out, "utf8");
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).not.toMatch(/(src|href)="http/);
  const figures = JSON.parse(await readFile(join(folder.path, "pages/cost.json"), "utf8"));
  expect(figures.profile.cpuMs).toBeGreaterThan((1000 * before) / 50);
  expect(figures.profile.cpuMs).toBeLessThan((1000 * (await cpuSeconds())) / 50);
  expect(figures.scenarios).toHaveLength(4);
});

test.for<[string, string[], RegExp]>([
  ["neither a server nor a figure", [], /--url or --cpu-ms/],
  ["both", ["--url", "http://localhost:1", "--cpu-ms", "1"], /--url or --cpu-ms/],
  ["nobody there", ["--url", "http://127.0.0.1:1"], /can't reach/],
  ["rates in words", ["--cpu-ms", "1", "--rates", "few,many"], /rates/],
  ["no price table", ["--cpu-ms", "1", "--prices", "nothing.yaml"], /nothing\.yaml/],
  ["an unknown option", ["--cpu", "1"], /--cpu/],
  ["a model too slow for its target", ["--cpu-ms", "150"], /within --target 100 ms: a prediction takes 150 ms/],
  ["a candidate that is not there", ["--cpu-ms", "1", "--candidate", "nothing.json"], /nothing\.json/],
  ["a candidate that is none", ["--cpu-ms", "1", "--candidate", "README.md"], /README\.md is not JSON/],
])("%s is told and ends with 42", async ([, args, words]) => {
  const { code, output } = await runProgram("serving/finops/main.ts", args);
  expect(output).toMatch(words);
  expect(output).not.toMatch(/\n\s+at /);
  expect(code).toBe(42);
});

test("a price table with a mistake is told with its place", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "prices.yaml");
  await writeFile(path, "currency: USD\nmachines: [{ name: x, vcpus: 2, onDemand: free, reserved: 1, spot: 1 }]\n");
  const { code, output } = await runProgram("serving/finops/main.ts", ["--cpu-ms", "1", "--prices", path]);
  expect(output).toContain("machines[0].onDemand");
  expect(code).toBe(42);
  await writeFile(path, "machines: [{");
  const broken = await runProgram("serving/finops/main.ts", ["--cpu-ms", "1", "--prices", path]);
  expect(broken.output).toContain(`${path} is not YAML`);
  expect(broken.code).toBe(42);
});

test("months that all cost the same are said to, and training is priced by its candidate", async () => {
  await using folder = await temporaryFolder();
  const candidate = join(folder.path, "candidate.json");
  await writeFile(candidate, JSON.stringify(candidateOf({ seconds: 36, cpuSeconds: 72 })));
  const out = join(folder.path, "cost.html");
  const args = ["--cpu-ms", "0.1", "--candidate", candidate, "--out", out];
  const { code, output } = await runProgram("serving/finops/main.ts", args);
  expect(output).toMatch(
    /Training iris once \(72 CPU seconds, 36 s on \w+\)\n {2}machine +on demand +reserved +spot\n/,
  );
  expect(code).toBe(0);
  const page = await readFile(out, "utf8");
  expect(page).toContain("Every simulated month costs the same");
  expect(page.match(/<svg/g)).toHaveLength(1);
});
