import { expect, test } from "vitest";
import { outcome } from "#training/outcome.ts";
import type { Verdict } from "#training/verdict.ts";

const verdict = (kind: Verdict["kind"]): Verdict => ({
  kind,
  reason: "why",
  metric: "accuracy",
  role: "test",
  rules: [],
});

test.each([
  ["pass", "hold", { kind: "pass", reason: "why" }],
  ["pass", "pass", { kind: "pass", reason: "why" }],
  ["fail", "pass", { kind: "fail", reason: "why" }],
  ["inconclusive", "pass", { kind: "pass", reason: "passes with a warning, inconclusive: why" }],
  ["inconclusive", "hold", { kind: "hold", reason: "held, inconclusive: why" }],
] as const)("a verdict of %s with onInconclusive %s", (kind, onInconclusive, expected) => {
  expect(outcome(verdict(kind), onInconclusive)).toEqual(expected);
});
