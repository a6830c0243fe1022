import type { ReportInput } from "#actions/report/report-input.ts";
import { Prices } from "#config/prices.ts";
import { Gate } from "#config/schema.ts";
import type { Release } from "#training/release.ts";
import type { Verdict } from "#training/verdict.ts";
import { candidateOf } from "./candidate.ts";
import { digestOf, evaluated, type Kind } from "./evaluation.ts";

/** Three hundred flowers, on most of which both models agree. */
export const flowers: Kind[] = [
  { label: "setosa", candidate: "setosa", champion: "setosa", times: 100 },
  { label: "versicolor", candidate: "versicolor", champion: "virginica", times: 4, slices: ["short petals"] },
  { label: "versicolor", candidate: "versicolor", champion: "versicolor", times: 96 },
  { label: "virginica", candidate: "versicolor", champion: "virginica", times: 3, slices: ["short petals"] },
  { label: "virginica", candidate: "virginica", champion: "virginica", times: 97 },
];

/** A verdict of three rules that all pass. */
export const passed: Verdict = {
  kind: "pass",
  reason: "accuracy 99 % reaches the minimum of 60 %; accuracy is not worse than champion 7",
  metric: "accuracy",
  role: "test",
  smallestVisibleDrop: 0.0312,
  rules: [
    {
      name: "minimum",
      kind: "pass",
      reason: "accuracy 99 % reaches the minimum of 60 %",
      rows: 300,
      value: 0.99,
      limit: 0.6,
    },
    {
      name: "champion",
      kind: "pass",
      reason: "accuracy is not worse than champion 7",
      rows: 300,
      value: 0.99,
      champion: 0.9867,
      limit: 0.02,
      difference: 0.0033,
      lower: -0.0146,
      upper: 0.0223,
      confidence: 0.95,
      method: "Tango score",
      pValue: 1,
    },
    {
      name: "slice class=virginica",
      kind: "pass",
      reason: "not shown to have dropped",
      rows: 100,
      value: 0.97,
      limit: 0.1,
      pValue: 0.4,
    },
  ],
};

export const release: Release = {
  state: "registered",
  model: "iris",
  env: "dev",
  version: "8",
  modelDigest: digestOf("a"),
  contentHash: digestOf("c"),
  trackingUri: "http://localhost:5000",
  runId: "9f2c",
  modelId: "m-1",
  packageUri: "./outputs/dev/models/iris",
  metric: { name: "accuracy", value: 0.99 },
  registeredAt: "2026-11-01T10:00:05Z",
};

/** What a report of a judged candidate is made of, with what the test wants different. */
export function reportInput(changes: Partial<ReportInput> = {}): ReportInput {
  return {
    config: { gate: Gate.parse({}), cost: Prices.parse({}), argocd: {} },
    candidate: candidateOf(),
    evaluation: evaluated(flowers).evaluation,
    verdict: passed,
    ...changes,
  };
}

export const undecided: Verdict = {
  ...passed,
  kind: "inconclusive",
  rules: passed.rules.map((rule) => ({ ...rule, kind: "inconclusive" })),
};
export const failed: Verdict = {
  ...passed,
  kind: "fail",
  rules: passed.rules.map((rule, index) => ({ ...rule, kind: index ? "pass" : "fail" })),
};

/** Text in which markdown, GitHub, a workflow and a browser would each find something to do. */
export const nasty = [
  "|x| `y` <img src=q onerror=e> </details> [z](javascript:0) @team #1",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a workflow would expand
  "# h ${{ secrets.TOKEN }}",
  "```mermaid",
  "::set-output name=a::b",
].join("\n");

/** The same value with `nasty` in front of every string that is not an enumeration, a digest, a date or an address. */
export function poisoned<T>(value: T): T {
  const fixed =
    /^(sha256:|https?:|\d{4}-|[0-9a-f]{40}$|(pass|fail|inconclusive|test|validation|registered|known|rendered|accuracy|wasm|minimum|champion)$)/;
  if (typeof value === "string" && value.startsWith("slice ")) return value.replace("slice ", `slice ${nasty}`) as T;
  if (typeof value === "string") return (fixed.test(value) ? value : nasty + value) as T;
  if (Array.isArray(value)) return value.map(poisoned) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key in candidateOf().data.classes ? nasty + key : key,
    poisoned(inner),
  ]);
  return Object.fromEntries(entries);
}

export const championData: ReportInput["championData"] = {
  kind: "known",
  data: { ...candidateOf().data, fingerprint: digestOf("9"), duplicates: 0 },
};
export const manifests: ReportInput["manifests"] = {
  kind: "rendered",
  changes: [{ where: ["Deployment iris-serving"], lines: [" a: 1", "-b: old", "+b: new"] }],
};
