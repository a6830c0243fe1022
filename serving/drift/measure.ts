import type { LoggedRequest } from "#serving/request-log.ts";
import { chiSquare, kolmogorovSmirnov, stabilityIndex } from "#training/drift.ts";
import { binOf, binsOf } from "#training/drift-bins.ts";
import type { Reference } from "#training/package/reference.ts";

/** When something counts as drifted: it must be far off, and more than chance. */
export interface Thresholds {
  readonly psi: number;
  readonly p: number; // for all comparisons together
  readonly minimumRows: number;
}

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

/** Compares logged requests with the statistics that travel with the model. */
export function measureDrift(
  requests: readonly LoggedRequest[],
  { reference, classes }: { reference: Reference; classes: readonly string[] },
  thresholds: Thresholds,
): Drift {
  const rows = requests.length;
  if (rows < thresholds.minimumRows) {
    return { kind: "too-few", rows, reason: `${rows} requests: ${thresholds.minimumRows} are needed to tell` };
  }
  const samples = [
    ...reference.inputs.map((column, at) => inputSample(column, requests, at)),
    predictionSample(reference, classes, requests),
    confidenceSample(reference, requests),
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
  const significant = holm(
    measured.map(({ p }) => p),
    thresholds.p,
  );
  const findings = measured.map(({ reference: _, window: __, ...finding }, at): Finding => {
    return { ...finding, isDrifted: finding.psi >= thresholds.psi && significant[at] === true };
  });
  const drifted = findings.filter(({ isDrifted }) => isDrifted).map(({ name }) => name);
  return drifted.length === 0
    ? { kind: "stable", rows, reason: `${rows} requests look like the reference`, findings }
    : { kind: "drifted", rows, reason: `${rows} requests differ in ${drifted.join(", ")}`, findings };
}

function inputSample(column: Reference["inputs"][number], requests: readonly LoggedRequest[], at: number): Sample {
  const bins = binsOf(column.histogram);
  // The pixels of one image belong together: each request counts once, whatever it holds.
  const window = bins.expected.map((_, bin) =>
    sum(requests.map(({ inputs }) => (inputs[at]?.[bin] ?? 0) / Math.max(1, sum(inputs[at] ?? [])))),
  );
  const perRow = Math.max(1, Math.round(sum(requests[0]?.inputs[at] ?? [])));
  const reference = bins.expected.map((share) => (share * column.count) / perRow);
  const labels = bins.expected.map((_, bin) => interval(bins.edges[bin - 1], bins.edges[bin]));
  return { name: column.name, kind: "input", test: "Kolmogorov-Smirnov", labels, reference, window };
}

function predictionSample(
  { predictions }: Reference,
  classes: readonly string[],
  requests: readonly LoggedRequest[],
): Sample {
  const window = classes.map((name) => requests.filter((logged) => logged.class === name).length);
  return { name: "class", kind: "prediction", test: "chi-square", labels: classes, reference: predictions, window };
}

function confidenceSample({ confidence, rows }: Reference, requests: readonly LoggedRequest[]): Sample {
  const bins = binsOf(confidence);
  const window = bins.expected.map(() => 0);
  for (const logged of requests) {
    const bin = binOf(bins, logged.confidence);
    window[bin] = (window[bin] ?? 0) + 1;
  }
  const labels = bins.expected.map((_, bin) => interval(bins.edges[bin - 1], bins.edges[bin]));
  const reference = bins.expected.map((share) => share * rows.validation);
  return { name: "confidence", kind: "confidence", test: "Kolmogorov-Smirnov", labels, reference, window };
}

/** Which of the p-values stay significant together. Holm, A simple sequentially rejective multiple test procedure, 1979. */
function holm(ps: readonly number[], alpha: number): boolean[] {
  const order = [...ps.keys()].sort((one, other) => (ps[one] ?? 1) - (ps[other] ?? 1));
  const rejected = ps.map(() => false);
  for (const [place, at] of order.entries()) {
    if ((ps[at] ?? 1) > alpha / (ps.length - place)) break;
    rejected[at] = true;
  }
  return rejected;
}

function interval(from: number | undefined, to: number | undefined): string {
  const text = (value: number) => String(Number(value.toPrecision(4)));
  if (from === undefined) return to === undefined ? "any" : `under ${text(to)}`;
  return to === undefined ? `from ${text(from)}` : `${text(from)} to ${text(to)}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
