import { expect, test } from "vitest";
import { gate } from "#actions/gate/gate.ts";
import { BadInputError } from "#config/bad-input.ts";
import { Gate } from "#config/schema.ts";
import { digestOf, evaluated, type Kind } from "#test/parts/evaluation.ts";
import { Verdict } from "#training/verdict.ts";

/** Two classes; of `rows` examples these many were gained and lost, the same many are wrong in both, the rest are right in both. */
function compared({
  rows,
  gained = 0,
  lost = 0,
  wrong = 0,
}: {
  rows: number;
  gained?: number;
  lost?: number;
  wrong?: number;
}) {
  const half = (times: number) => [Math.ceil(times / 2), Math.floor(times / 2)] as const;
  const of = (candidateRight: boolean, championRight: boolean, times: number): Kind[] =>
    half(times).map((part, index) => {
      const label = index === 0 ? "cat" : "dog";
      const other = index === 0 ? "dog" : "cat";
      return { label, candidate: candidateRight ? label : other, champion: championRight ? label : other, times: part };
    });
  const kinds = [
    ...of(true, true, rows - gained - lost - wrong),
    ...of(true, false, gained),
    ...of(false, true, lost),
    ...of(false, false, wrong),
  ];
  return evaluated(kinds, { classes: ["cat", "dog"] });
}

function decide(
  { evaluation, predictions }: ReturnType<typeof evaluated>,
  options: Parameters<typeof Gate.parse>[0] = {},
) {
  const verdict = gate(evaluation, predictions, Gate.parse(options));
  expect(Verdict.parse(JSON.parse(JSON.stringify(verdict)))).toEqual(verdict);
  return verdict;
}

test("a candidate as good as the champion on many examples passes, and the reason gives the numbers", () => {
  const verdict = decide(compared({ rows: 2000, gained: 25, lost: 20, wrong: 100 }));
  expect(verdict.kind).toBe("pass");
  expect(verdict.reason).toBe(
    "accuracy 94 % reaches the minimum of 60 %; accuracy is not worse than champion 7 by more than 2 points (difference +0.25, 95 % interval -0.42 to +0.94)",
  );
  expect(verdict.rules.map(({ name }) => name)).toEqual(["minimum", "champion", "slice class=cat", "slice class=dog"]);
  expect(verdict.rules[1]).toMatchObject({ method: "Tango score", confidence: 0.95, champion: 0.9375, limit: 0.02 });
  expect(verdict.rules[1]?.pValue).toBeCloseTo(0.551, 3);
});

test("a candidate that is worse beyond the margin fails", () => {
  const verdict = decide(compared({ rows: 2000, gained: 10, lost: 120 }));
  expect(verdict.kind).toBe("fail");
  expect(verdict.reason).toBe(
    "accuracy is worse than champion 7 by more than 2 points (difference -5.5, 95 % interval -6.67 to -4.47)",
  );
});

test("few examples decide nothing, and the verdict says what they can see", () => {
  const verdict = decide(compared({ rows: 30, gained: 1, lost: 1 }));
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.reason).toContain(
    "too few examples to tell whether accuracy is worse than champion 7 by more than 2 points",
  );
  expect(verdict.smallestVisibleDrop).toBeGreaterThan(0.15);
});

test("a test set looks the same from either side: swapping the models swaps pass and fail", () => {
  const bounds = [compared({ rows: 900, gained: 12, lost: 70 }), compared({ rows: 900, gained: 70, lost: 12 })].map(
    (one) => decide(one).rules[1],
  );
  expect(bounds[0]?.lower).toBe(-(bounds[1]?.upper ?? 0));
  expect([bounds[0]?.kind, bounds[1]?.kind]).toEqual(["fail", "pass"]);
});

test("a candidate under its minimum fails, whatever the champion", () => {
  const verdict = decide(compared({ rows: 1000, wrong: 500 }));
  expect(verdict.kind).toBe("fail");
  expect(verdict.reason).toBe("accuracy 50 % is under the minimum of 60 %");
});

test("a value that rounds to the minimum is told in full", () => {
  const verdict = decide(compared({ rows: 30_000, wrong: 12_001 }));
  expect(verdict.reason).toBe("accuracy 0.5999666666666666 is under the minimum of 60 %");
});

test("log loss has a maximum instead of a minimum, and its difference is positive when it fell", () => {
  const sureness = { candidate: 0.9, champion: 0.7 };
  const kinds: Kind[] = [
    { label: "cat", candidate: "cat", champion: "cat", times: 80, sureness },
    { label: "dog", candidate: "cat", champion: "cat", times: 4, sureness },
    { label: "dog", candidate: "dog", champion: "dog", times: 80, sureness },
  ];
  const better = decide(evaluated(kinds), { metric: "log_loss", minimum: 0.4 });
  expect(better.kind).toBe("pass");
  expect(better.rules[0]).toMatchObject({ name: "maximum", kind: "pass" });
  expect(better.rules[1]?.difference).toBeGreaterThan(0.1);
  expect(better.rules[1]?.method).toBe("paired bootstrap (BCa)");
  const strict = decide(evaluated(kinds), { metric: "log_loss", minimum: 0.05 });
  expect(strict.reason).toMatch(/^log loss 0\.\d+ is above the maximum of 0\.05$/);
});

test("macro F1 notices a rare class that accuracy hides", () => {
  const kinds: Kind[] = [
    { label: "common", candidate: "common", champion: "common", times: 950 },
    { label: "rare", candidate: "common", champion: "rare", times: 30 },
    { label: "rare", candidate: "rare", champion: "common", times: 20 },
  ];
  const options = { maxDrop: 0.03, slices: { minimumRows: 100 } };
  expect(decide(evaluated(kinds), options).kind).toBe("pass");
  const verdict = decide(evaluated(kinds), { ...options, metric: "macro_f1" });
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.rules[1]?.difference).toBeCloseTo(-0.09185, 5);
});

test.each(["macro_f1", "log_loss"] as const)("%s needs twenty examples for any interval", (metric) => {
  const verdict = decide(compared({ rows: 12, gained: 1 }), { metric, minimum: metric === "log_loss" ? 9 : 0.5 });
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.reason).toMatch(/^too few examples to compare (macro F1|log loss) with champion 7/);
});

test("two models with the same probabilities everywhere have the same log loss, and no smallest visible drop", () => {
  const verdict = decide(compared({ rows: 64 }), { metric: "log_loss", minimum: 1 });
  expect(verdict.rules[1]).toMatchObject({ kind: "pass", difference: 0, lower: 0, upper: 0 });
  expect(verdict.smallestVisibleDrop).toBeUndefined();
});

test("macro F1 without any differing answer is not certain: it has accuracy's interval", () => {
  const verdict = decide(compared({ rows: 60 }), { metric: "macro_f1" });
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.rules[1]).toMatchObject({ method: "Tango score", difference: 0 });
  expect(decide(compared({ rows: 600 }), { metric: "macro_f1" }).kind).toBe("pass");
});

test.each([
  ["all agree and are right", { rows: 500 }, "pass"],
  ["all agree and are wrong", { rows: 500, wrong: 500 }, "fail"],
  ["one example", { rows: 1 }, "inconclusive"],
  ["one example, lost", { rows: 1, lost: 1 }, "fail"],
  ["every example lost", { rows: 500, lost: 500 }, "fail"],
  ["every example gained", { rows: 500, gained: 500 }, "pass"],
] as const)("%s", (_, counts, kind) => {
  expect(decide(compared(counts)).kind).toBe(kind);
});

test("without a champion only the threshold counts", () => {
  const verdict = decide(
    evaluated([
      { label: "cat", candidate: "cat", times: 12 },
      { label: "dog", candidate: "dog", times: 3 },
    ]),
  );
  expect(verdict.kind).toBe("pass");
  expect(verdict.reason).toBe("accuracy 100 % reaches the minimum of 60 %; there is no champion yet");
  expect(verdict.rules).toHaveLength(2);
  expect(verdict.smallestVisibleDrop).toBeUndefined();
});

test("a champion that can't answer the examples leaves the verdict open", () => {
  const { evaluation, predictions } = evaluated([
    { label: "cat", candidate: "cat", times: 40 },
    { label: "dog", candidate: "dog", times: 40 },
  ]);
  const incomparableChampion = { version: "7", modelDigest: digestOf("b"), reason: "it takes 3 features" };
  const verdict = decide({ evaluation: { ...evaluation, incomparableChampion }, predictions });
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.reason).toBe("champion 7 can't be compared: it takes 3 features");
});

test("the champion itself passes on any number of examples", () => {
  const verdict = decide(
    evaluated(
      [
        { label: "cat", candidate: "cat", champion: "cat", times: 2 },
        { label: "dog", candidate: "dog", champion: "dog" },
      ],
      { sameModel: true },
    ),
  );
  expect(verdict.kind).toBe("pass");
  expect(verdict.reason).toContain("the same model as champion 7");
});

test.each([Number.NaN, Infinity])("a metric of %s fails as diverged, and the verdict can still be written", (value) => {
  const { evaluation, predictions } = compared({ rows: 40 });
  evaluation.candidate.metrics.log_loss = value;
  const verdict = decide({ evaluation, predictions }, { metric: "log_loss", minimum: 1 });
  expect(verdict.kind).toBe("fail");
  expect(verdict.reason).toBe("log loss is not a finite number: the run diverged");
  expect(verdict.rules).toHaveLength(1);
});

test("a champion without a finite metric leaves the verdict open", () => {
  const { evaluation, predictions } = compared({ rows: 40 });
  if (evaluation.champion) evaluation.champion.metrics.log_loss = Number.NaN;
  const verdict = decide({ evaluation, predictions }, { metric: "log_loss", minimum: 1 });
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.reason).toContain("champion 7 is not a finite number");
});

test("a slice that lost far more than the whole fails the gate", () => {
  const kinds: Kind[] = [
    { label: "cat", candidate: "cat", champion: "cat", times: 1500 },
    { label: "dog", candidate: "cat", champion: "dog", times: 25, slices: ["night"] },
    { label: "dog", candidate: "dog", champion: "dog", times: 45, slices: ["night"] },
    { label: "dog", candidate: "dog", champion: "cat", times: 30 },
    { label: "dog", candidate: "dog", champion: "dog", times: 900 },
  ];
  const verdict = decide(evaluated(kinds));
  expect(verdict.rules[1]?.kind).toBe("pass");
  expect(verdict.kind).toBe("fail");
  expect(verdict.reason).toMatch(
    /^accuracy on night dropped by more than 10 points \(-35\.71 points on 70 examples, adjusted p /,
  );
});

test("a slice whose drop may be an accident is inconclusive, and one with too few rows is not judged", () => {
  const kinds: Kind[] = [
    { label: "cat", candidate: "cat", champion: "cat", times: 2000 },
    { label: "dog", candidate: "cat", champion: "dog", times: 5, slices: ["night"] },
    { label: "dog", candidate: "dog", champion: "dog", times: 30, slices: ["night"] },
    { label: "dog", candidate: "cat", champion: "dog", times: 10, slices: ["fog"] },
    { label: "dog", candidate: "dog", champion: "cat", times: 15 },
    { label: "dog", candidate: "dog", champion: "dog", times: 2000 },
  ];
  const verdict = decide(evaluated(kinds));
  expect(verdict.kind).toBe("inconclusive");
  expect(verdict.rules.find(({ name }) => name === "slice night")?.kind).toBe("inconclusive");
  expect(verdict.rules.some(({ name }) => name === "slice fog")).toBe(false);
});

test("the more slices are judged, the more it takes to fail one", () => {
  const night: Kind = { label: "dog", candidate: "cat", champion: "dog", times: 14, slices: ["night"] };
  const kinds = (others: number): Kind[] => [
    night,
    { label: "dog", candidate: "dog", champion: "dog", times: 50, slices: ["night"] },
    {
      label: "cat",
      candidate: "cat",
      champion: "cat",
      times: 3000,
      slices: Array.from({ length: others }, (_, index) => `other ${index}`),
    },
  ];
  const pValue = (others: number) =>
    decide(evaluated(kinds(others))).rules.find(({ name }) => name === "slice night")?.pValue;
  expect((pValue(30) ?? 0) / (pValue(0) ?? 1)).toBeCloseTo(33 / 3, 6);
});

test.each([
  ["a cut-off file", (made: ReturnType<typeof evaluated>) => made.predictions.pop(), /40 examples against 39/],
  [
    "an example that is there twice",
    (made: ReturnType<typeof evaluated>) => made.predictions.splice(0, 1, { ...made.predictions[1] } as never),
    /twice/,
  ],
  [
    "another evaluation's metrics",
    (made: ReturnType<typeof evaluated>) => {
      made.evaluation.candidate.metrics.accuracy = 0.9;
    },
    /accuracy 0.9 against 1/,
  ],
  [
    "another evaluation's champion",
    (made: ReturnType<typeof evaluated>) => {
      if (made.evaluation.champion) made.evaluation.champion.metrics.accuracy = 0.5;
    },
    /accuracy differs by 0.5 against 0/,
  ],
  [
    "a champion's answer missing",
    (made: ReturnType<typeof evaluated>) => {
      delete made.predictions[3]?.champion;
    },
    /example-3 has no answer of the champion/,
  ],
  [
    "a class that the evaluation does not list",
    (made: ReturnType<typeof evaluated>) => {
      if (made.predictions[2]?.champion) made.predictions[2].champion.prediction = "fox";
    },
    /example-2 has class fox/,
  ],
] as const)("%s is bad input, not a verdict", (_, break_, message) => {
  const made = compared({ rows: 40 });
  break_(made);
  const decided = () => decide(made);
  expect(decided).toThrow(BadInputError);
  expect(decided).toThrow(message);
});

test("of many failing slices the reason tells the first and counts the rest", () => {
  const kinds = Array.from(
    { length: 9 },
    (_, index): Kind => ({ label: `c${index}`, candidate: "c9", champion: `c${index}`, times: 40 }),
  );
  const verdict = decide(evaluated([...kinds, { label: "c9", candidate: "c9", champion: "c9", times: 4000 }]));
  expect(verdict.rules.filter(({ kind }) => kind === "fail")).toHaveLength(10);
  expect(verdict.reason).toMatch(/; and 5 more rules$/);
});

test("the same examples always give the same verdict", () => {
  const made = compared({ rows: 200, gained: 9, lost: 11, wrong: 20 });
  expect(decide(made, { metric: "macro_f1" })).toEqual(decide(made, { metric: "macro_f1" }));
});
