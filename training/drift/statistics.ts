/** How far apart two samples are. */
export interface Distance {
  readonly psi: number; // population stability index: under 0.1 nothing, over 0.25 much, by custom
  readonly statistic: number; // of the test
  readonly p: number; // chance of such a statistic if both came from one distribution
}

const leastShare = 1e-4; // in place of an empty bin, whose logarithm has no end

/**
 * Population stability index of `counts` against the shares `expected`: the symmetrised Kullback-Leibler divergence in
 * nats. Empty bins count as a share of 1e-4, as Evidently has it.
 */
export function stabilityIndex(expected: readonly number[], counts: readonly number[]): number {
  const total = sum(counts);
  return sum(
    counts.map((count, bin) => {
      const own = count / total || leastShare;
      const wanted = expected[bin] || leastShare;
      return (own - wanted) * Math.log(own / wanted);
    }),
  );
}

/** Pearson's chi-square test that both rows of counts come from one distribution. Oracle: SciPy's `chi2_contingency`. */
export function chiSquare(one: readonly number[], other: readonly number[]): { statistic: number; p: number } {
  const totals = [sum(one), sum(other)] as const;
  const all = totals[0] + totals[1];
  let statistic = 0;
  let bins = 0;
  for (const bin of one.keys()) {
    const both = (one[bin] ?? 0) + (other[bin] ?? 0);
    if (both === 0) continue; // says nothing
    bins += 1;
    for (const [counts, total] of [[one, totals[0]] as const, [other, totals[1]] as const]) {
      const wanted = (both * total) / all;
      statistic += ((counts[bin] ?? 0) - wanted) ** 2 / wanted;
    }
  }
  return { statistic, p: bins < 2 ? 1 : upperGamma((bins - 1) / 2, statistic / 2) };
}

/**
 * Kolmogorov and Smirnov's test on counts in ordered bins: the largest difference of the shares up to an edge. The
 * chance is Kolmogorov's limit, which is too high for binned values: it errs towards no drift.
 */
export function kolmogorovSmirnov(one: readonly number[], other: readonly number[]): { statistic: number; p: number } {
  const totals = [sum(one), sum(other)] as const;
  let [ownSum, otherSum, statistic] = [0, 0, 0];
  for (const bin of one.keys()) {
    ownSum += one[bin] ?? 0;
    otherSum += other[bin] ?? 0;
    statistic = Math.max(statistic, Math.abs(ownSum / totals[0] - otherSum / totals[1]));
  }
  return { statistic, p: kolmogorov(statistic * Math.sqrt((totals[0] * totals[1]) / (totals[0] + totals[1]))) };
}

/** The chance that Kolmogorov's statistic is over `x`, by the series that converges there. Oracle: SciPy's `special.kolmogorov`. */
export function kolmogorov(x: number): number {
  if (x <= 0) return 1;
  if (x < 1) {
    const factor = Math.sqrt(2 * Math.PI) / x;
    const terms = [1, 3, 5, 7].map((odd) => Math.exp(-((odd * Math.PI) ** 2) / (8 * x * x)));
    return Math.max(0, 1 - factor * sum(terms));
  }
  return Math.min(1, 2 * sum([1, 2, 3, 4, 5].map((k) => (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x))));
}

/** The regularised upper incomplete gamma function Q(a, x). Numerical Recipes, 3rd edition, section 6.2. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let total = term;
    for (let n = 1; Math.abs(term) > total * Number.EPSILON; n++) {
      term *= x / (a + n);
      total += term;
    }
    return 1 - total * scale;
  }
  const tiny = Number.MIN_VALUE / Number.EPSILON;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1, step = 0; Math.abs(step - 1) > Number.EPSILON && n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b || tiny);
    c = b + an / c || tiny;
    step = d * c;
    fraction *= step;
  }
  return scale * fraction;
}

/** Lanczos' approximation with Godfrey's coefficients for g = 7, exact to 15 digits. */
function logGamma(x: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const start = 0.99999999999980993;
  const series = start + sum(coefficients.map((coefficient, at) => coefficient / (x + at)));
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
