import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { beforeAll, expect, test } from "vitest";
import { runOracle } from "#test/parts/python.ts";
import { binOf, binsOf } from "#training/drift/bins.ts";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import { measureDrift } from "#training/drift/measure.ts";
import { createTally } from "#training/drift/tally.ts";
import type { Reference } from "#training/package/reference.ts";
import { histogram, inputStatistics } from "#training/package/statistics.ts";
import { createTextMeasure, fitEmbeddingSpace, meanEmbedding, textColumns } from "#training/text/embedding-space.ts";

// The same data to both: texts of tokens, whose lengths, words and answers may change.
interface Texts {
  readonly rows: readonly Float32Array[];
  readonly classes: readonly string[];
  readonly confidences: Float32Array;
}

interface Told {
  readonly score: number;
  readonly isDrifted: boolean;
}

interface Answer {
  readonly columns: Record<string, { ks: Told; psi: Told }>;
  readonly classes: { chiSquare: Told; psi: Told };
  readonly embeddings: { classifier: Told; mmd: Told };
}

const random = xoroshiro128plus(3);
const draw = () => uniformFloat64(random);
const [vocabulary, width, count] = [200, 16, 1000];
const names = ["one", "other"];
const values = Float32Array.from({ length: vocabulary * width }, () => draw() - 0.5);
const table = { values, width };

/** Texts whose words begin at `from` in the vocabulary, a share of which gets the first class. */
function texts(change: { from?: number; first?: number; longer?: number; doubt?: number } = {}): Texts {
  const { from = 0, first = 0.5, longer = 0, doubt = 0 } = change;
  const word = () => from + Math.floor((draw() * vocabulary) / 2);
  return {
    rows: Array.from({ length: count }, () => {
      return Float32Array.from({ length: 4 + longer + Math.floor(draw() * 12) }, word);
    }),
    classes: Array.from({ length: count }, () => (draw() < first ? "one" : "other")),
    confidences: Float32Array.from({ length: count }, () => Math.max(0, 1 - draw() ** 2 * 0.5 - doubt)),
  };
}

const known = texts();
const space = fitEmbeddingSpace(known.rows.map((ids) => meanEmbedding(ids, table)));
const measure = createTextMeasure(space, table);
const columnsOf = ({ rows }: Texts) => {
  const measured = rows.map(measure);
  return Object.fromEntries(
    textColumns(space).map((name, column) => [name, measured.map((all) => all[column] ?? Number.NaN)]),
  );
};
const reference: Reference = {
  rows: { train: count, validation: count },
  inputs: Object.entries(columnsOf(known)).map(([name, all]) => inputStatistics(name, Float32Array.from(all))),
  labels: names.map((name) => known.classes.filter((one) => one === name).length),
  predictions: names.map((name) => known.classes.filter((one) => one === name).length),
  confidence: histogram(known.confidences, [0, 1], 20),
};

/** What this project says of the texts. */
function ours(window: Texts) {
  const tally = createTally(reference, names);
  const bins = reference.inputs.map((column) => binsOf(column.histogram));
  for (const [row, ids] of window.rows.entries()) {
    const inputs = [...measure(ids)].map((value, column) => {
      const own = bins[column] ?? { edges: [], expected: [] };
      return own.expected.map((_, bin) => Number(bin === binOf(own, value)));
    });
    const request: LoggedRequest = {
      ...{ time: "2026-01-01T00:00:00Z", digest: "d", inputs },
      class: window.classes[row] ?? "",
      confidence: window.confidences[row] ?? 0,
    };
    tally.add(request);
  }
  const drift = measureDrift(tally.done(), { reference, classes: names }, { psi: 0.2, p: 0.01, minimumRows: 200 });
  if (drift.kind === "too-few") throw new Error("too few");
  return new Map(drift.findings.map((finding) => [finding.name, finding]));
}

function question(window: Texts) {
  const [own, others] = [columnsOf(known), columnsOf(window)];
  const columns = Object.fromEntries(Object.entries(own).map(([name, all]) => [name, [all, others[name] ?? []]]));
  const embeddings = [known, window].map(({ rows }) => rows.slice(0, 500).map((ids) => [...meanEmbedding(ids, table)]));
  const confidence = [[...known.confidences], [...window.confidences]];
  return { columns: { ...columns, confidence }, classes: [known.classes, window.classes], embeddings };
}

const cases: [string, Parameters<typeof texts>[0], string[]][] = [
  ["nothing", {}, []],
  ["the words", { from: 100 }, ["embedding_1"]],
  ["the length", { longer: 8 }, ["tokens"]],
  ["the answers", { first: 0.85 }, ["class"]],
  ["the confidence", { doubt: 0.25 }, ["confidence"]],
];
const windows = cases.map(([, change]) => texts(change));
let answers: Answer[] = [];
beforeAll(async () => {
  const script = "test/e2e/drift/evidently_oracle.py";
  answers = (await runOracle(script, windows.map(question), "evidentlyPython")) as Answer[];
});

test.each(cases.map(([name, , drifted], at) => [name, drifted, at] as const))(
  "of texts in which %s changed Evidently says what we say, column by column",
  (name, drifted, at) => {
    const [told, window] = [answers[at], windows[at]];
    if (!told || !window) throw new Error("Evidently did not answer");
    const found = ours(window);
    for (const column of drifted) expect(found.get(column)?.isDrifted, column).toBe(true);
    // Evidently cuts values into bins of its own, so its index is another; both tests are Kolmogorov and Smirnov's
    for (const [column, { ks }] of Object.entries(told.columns)) {
      const own = found.get(column);
      expect(own?.p, `${column}: bins never tell more than values`).toBeGreaterThan(0.98 * ks.score - 1e-9);
      if (own?.isDrifted) expect(ks.isDrifted, `${column} is drifted for us alone`).toBe(true);
    }
    const own = found.get("class");
    expect(own?.psi).toBeCloseTo(told.classes.psi.score, 6);
    expect(own?.isDrifted).toBe(told.classes.psi.isDrifted && told.classes.chiSquare.isDrifted);
    if (name !== "nothing" && name !== "the words") return; // the others change embeddings a little: how much is custom
    const isMoved = [...found.values()].some((one) => one.name.startsWith("embedding") && one.isDrifted);
    expect(told.embeddings).toMatchObject({ classifier: { isDrifted: isMoved }, mmd: { isDrifted: isMoved } });
  },
);
