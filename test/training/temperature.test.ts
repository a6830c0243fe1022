import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, test } from "vitest";
import { z } from "zod";
import { runOracle } from "#test/parts/python.ts";
import { fitTemperature } from "#training/temperature.ts";

/** Logits of which `share` name the label, all stretched by `sharpness`. */
function random(seed: number, { rows = 300, classes = 4, share = 0.8, sharpness = 1 }) {
  const generator = xoroshiro128plus(seed);
  const labels = Array.from({ length: rows }, (_, row) => row % classes);
  const logits = labels.map((label) => {
    const named = uniformFloat64(generator) < share ? label : (label + 1) % classes;
    return Array.from(
      { length: classes },
      (_, index) => sharpness * (uniformFloat64(generator) + (index === named ? 1 : 0)),
    );
  });
  return { labels, logits };
}

test("the temperature is the one that SciPy's minimiser finds", { timeout: 120_000 }, async () => {
  const cases = [
    random(1, {}),
    random(2, { sharpness: 20 }),
    random(3, { sharpness: 0.3, share: 0.99 }),
    random(4, { rows: 20, classes: 2, share: 0.6 }),
  ];
  const oracle = z.array(z.number()).parse(await runOracle("test/training/temperature.py", cases));
  expect(oracle).toHaveLength(cases.length);
  for (const [index, { labels, logits }] of cases.entries()) {
    expect(fitTemperature(Float64Array.from(logits.flat()), labels) / (oracle[index] ?? 0)).toBeCloseTo(1, 5);
  }
});

test("nothing is fitted when every answer is right, since no temperature would be low enough", () => {
  const { labels, logits } = random(5, { share: 1 });
  expect(fitTemperature(logits.flat(), labels)).toBe(1);
});

test("a model that knows less than nothing gets the widest temperature", () => {
  expect(fitTemperature([3, 0, 0, 3], [1, 0])).toBeCloseTo(100, 3);
});

test("logits that are not finite are refused", () => {
  expect(() => fitTemperature([Number.NaN, 0], [0])).toThrow("finite");
  expect(() => fitTemperature([], [])).toThrow("at least one");
});
