import { pino } from "pino";
import { expect, test } from "vitest";
import { requestLine } from "#serving/request-line.ts";

function capture(level = "info") {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: { logger: pino({ level, base: null }, destination), destination } };
}

const requestId = "5f0c9d52-8a49-4a35-9c3c-0d5a4e6a7b11";

test.for([
  ["a prediction", "/predict", { latencyMs: 0.1234, memoryBytes: -4096, cpuMs: 1e-7 }],
  ["a request without an account", "/health/live", undefined],
  ["a route that JSON has to escape", '/"\\\n\u2028', undefined],
] as const)("of %s it writes the line that pino would", ([, route, usage]) => {
  const { lines, log } = capture();
  const kind = { method: "POST", route, status: 200 };
  requestLine(log, "info", kind)?.({ requestId, latencyMs: 12.34567, usage });
  log.logger.info({
    ...{ requestId, ...kind, latencyMs: 12.346 },
    ...(usage && { memoryChangeMb: -0.004, cpuMs: 0 }),
  });
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/);
  const [own, pinos] = lines.map((line) => ({ ...JSON.parse(line), time: 0 }));
  expect(own).toEqual(pinos);
});

test("it writes nothing while its level is off", () => {
  const { lines, log } = capture("info");
  const kind = { method: "GET", route: "/metrics", status: 200 };
  expect(requestLine(log, "debug", kind)).toBeUndefined();
  requestLine(log, "info", kind)?.({ requestId, latencyMs: 1, usage: undefined });
  expect(lines).toHaveLength(1);
});
