import { expect, test } from "vitest";
import { amountText, lowerIsBetter, metricName, metricText, signedText } from "#training/metric-text.ts";

test("fractions are told in per cent and points, log loss in nats", () => {
  expect([metricText("accuracy", 0.96666), metricText("accuracy", 0.6), metricText("log_loss", 0.123456)]).toEqual([
    "96.67 %",
    "60 %",
    "0.1235",
  ]);
  expect([amountText("accuracy", 0.02), amountText("accuracy", 0.01), amountText("log_loss", 0.02)]).toEqual([
    "2 points",
    "1 point",
    "0.02 nats",
  ]);
});

test("differences carry their sign, and nothing is minus zero", () => {
  expect([0.0133, -0.02, 0, -0.000001].map((difference) => signedText("accuracy", difference))).toEqual([
    "+1.33",
    "-2",
    "0",
    "0",
  ]);
  expect(signedText("log_loss", 0.25)).toBe("+0.25");
});

test("a diverged metric is told in words", () => {
  expect([metricText("accuracy", null), metricText("log_loss", Number.NaN)]).toEqual(["not a number", "not a number"]);
});

test("log loss and calibration error are better when lower", () => {
  expect(["accuracy", "macro_f1", "log_loss", "calibration_error"].map(lowerIsBetter)).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(metricName("macro_f1")).toBe("macro F1");
});
