import type { Drift as Settings } from "#config/drift.ts";
import { holm } from "#training/holm.ts";
import type { Reference } from "#training/package/reference.ts";
import type { Bins } from "./bins.ts";
import { chiSquare, kolmogorovSmirnov, stabilityIndex, sum } from "./statistics.ts";
import type { Tally } from "./tally.ts";

/** When something counts as drifted. */
export type Thresholds = Pick<Settings, "psi" | "p" | "minimumRows">;

/** One comparison of the window with the reference. */
export interface Finding {
  readonly name: string;
  readonly kind: "input" | "prediction" | "confidence";
  readonly test: "Kolmogorov-Smirnov" | "chi-square";
  readonly psi: number;
  readonly statistic: number;
  readonly p: number;
  readonly isDrifted: boolean;
  readonly expected: readonly number[]; // share of the reference in each bin or class
  readonly actual: readonly number[]; // of the window
  readonly labels: readonly string[]; // of the bins or classes
}

/** What the comparison came to. */
export type Drift =
  | { readonly kind: "too-few"; readonly rows: number; readonly reason: string }
  | {
      readonly kind: "stable" | "drifted";
      readonly rows: number;
      readonly reason: string;
      readonly findings: readonly Finding[];
    };

type Sample = Pick<Finding, "name" | "kind" | "test" | "labels"> & {
  readonly reference: readonly number[]; // counts
  readonly window: readonly number[];
};

/** Compares a window of requests with the statistics that travel with the model. */
export function measureDrift(
  tally: Tally,
  { reference, classes }: { reference: Reference; classes: readonly string[] },
  thresholds: Thresholds,
): Drift {
  const { rows } = tally;
  if (rows < thresholds.minimumRows) {
    return { kind: "too-few", rows, reason: `${rows} requests: ${thresholds.minimumRows} are needed to tell` };
  }
  const samples = [
    ...inputSamples(tally, reference),
    predictionSample(tally, reference, classes),
    confidenceSample(tally, reference),
  ];
  const measured = samples.map((sample) => {
    const total = sum(sample.reference);
    const expected = sample.reference.map((count) => count / total);
    const test = sample.test === "chi-square" ? chiSquare : kolmogorovSmirnov;
    const windowTotal = sum(sample.window);
    return {
      ...sample,
      ...test(sample.reference, sample.window),
      expected,
      actual: sample.window.map((count) => count / windowTotal),
      psi: stabilityIndex(expected, sample.window),
    };
  });
  const adjusted = holm(measured.map(({ p }) => p));
  const findings = measured.map(({ reference: _, window: __, ...finding }, at): Finding => {
    return { ...finding, isDrifted: finding.psi >= thresholds.psi && (adjusted[at] ?? 1) <= thresholds.p };
  });
  const drifted = findings.filter(({ isDrifted }) => isDrifted).map(({ name }) => name);
  return drifted.length === 0
    ? { kind: "stable", rows, reason: `${rows} requests look like the reference`, findings }
    : { kind: "drifted", rows, reason: `${rows} requests differ in ${drifted.join(", ")}`, findings };
}

function inputSamples({ inputs }: Tally, reference: Reference): Sample[] {
  return inputs.map(({ bins, counts, perRow }, at) => {
    const { name = "", count = 0 } = reference.inputs[at] ?? {};
    const expected = bins.expected.map((share) => (share * count) / perRow);
    return {
      name,
      kind: "input",
      test: "Kolmogorov-Smirnov",
      labels: labelsOf(bins),
      reference: expected,
      window: counts,
    };
  });
}

function predictionSample({ classes: window }: Tally, { predictions }: Reference, classes: readonly string[]): Sample {
  return { name: "class", kind: "prediction", test: "chi-square", labels: classes, reference: predictions, window };
}

function confidenceSample({ confidence: { bins, counts } }: Tally, { rows }: Reference): Sample {
  const reference = bins.expected.map((share) => share * rows.validation);
  const test = "Kolmogorov-Smirnov";
  return { name: "confidence", kind: "confidence", test, labels: labelsOf(bins), reference, window: counts };
}

function labelsOf({ edges, expected }: Bins): string[] {
  const text = (value: number) => String(Number(value.toPrecision(4)));
  return expected.map((_, bin) => {
    const [from, to] = [edges[bin - 1], edges[bin]];
    if (from === undefined) return to === undefined ? "any" : `under ${text(to)}`;
    return to === undefined ? `from ${text(from)}` : `${text(from)} to ${text(to)}`;
  });
}
