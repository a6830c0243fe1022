import { join, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { Drift, Finding } from "#training/drift/measure.ts";
import type { DriftIssue } from "./issue.ts";
import type { Compared, Found, tell } from "./run.ts";

/** What was found of a model, and what became of its issue. */
export interface Told {
  found: Found;
  issue?: Awaited<ReturnType<typeof tell>>; // where something was compared
}

/** The issue about a model whose requests have drifted, or no longer do; with a link to the run. */
export function issueOf({ model, drift, version, modelDigest }: Compared, env: string, runUrl: string): DriftIssue {
  const isOver = drift.kind !== "drifted";
  return {
    label: "drift",
    marker: `<!-- slipway:drift ${env}/${model} -->`,
    title: `Requests to ${model} in ${env} have drifted`,
    modelDigest,
    body: join([
      md`Requests to version ${version} of ${model} in ${env} ${isOver ? "look like its training data again" : "do not look like its training data"}: ${prose(drift.reason)}.`,
      tableOf(drift),
      isOver
        ? undefined
        : md`Look at what changed before it: a client, a unit, the world. Where the new requests are right, train on examples of them; where this is fine as it is, close the issue as not planned, and it stays closed for this version.`,
      md`Model ${{ markdown: `\`${modelDigest}\`` }}, [measured by this run](${{ markdown: runUrl }}). The next run brings this up to date, and closes it once it is over.`,
    ]).markdown,
  };
}

/** What is said to those who follow the issue when drift is over. */
export function overText({ drift }: Compared, runUrl: string): string {
  return md`It is over: ${prose(drift.reason)}, [by this run](${{ markdown: runUrl }}).`.markdown;
}

/** All models, for the run's summary. */
export function summaryOf(env: string, all: readonly Told[]): Markdown {
  const parts = all.flatMap(({ found, issue }) => {
    if (found.kind !== "compared") return [md`### ${found.model}: ${found.kind}\n\n${prose(found.reason)}`];
    const { model, drift, version } = found;
    const about = issue && ("url" in issue ? md`Issue ${issue.kind}: ${{ markdown: issue.url }}` : prose(issue.reason));
    return [md`### ${model}, version ${version}: ${drift.kind}\n\n${prose(drift.reason)}`, about, tableOf(drift)];
  });
  return join([md`## Drift in ${env}`, ...parts]);
}

function tableOf(drift: Drift): Markdown | undefined {
  if (drift.kind === "too-few") return undefined;
  const rows = drift.findings.toSorted((one, other) => other.psi - one.psi).map(row);
  return table(["", "PSI>", "test", "statistic>", "p>", "moved most", ""], rows);
}

function row({ name, psi, test, statistic, p, isDrifted, ...bins }: Finding): (string | Markdown)[] {
  return [
    name,
    psi.toFixed(3),
    test,
    statistic.toPrecision(3),
    p.toPrecision(2),
    moved(bins),
    isDrifted ? md`**drifted**` : "",
  ];
}

/** The bin or class whose share changed most: where to look. */
function moved({ labels, expected, actual }: Pick<Finding, "labels" | "expected" | "actual">): string {
  const changes = labels.map((_, at) => Math.abs((actual[at] ?? 0) - (expected[at] ?? 0)));
  const at = changes.indexOf(Math.max(...changes));
  const percent = (share = 0) => `${(100 * share).toFixed(0)} %`;
  return `${labels[at] ?? ""}: ${percent(expected[at])} to ${percent(actual[at])}`;
}
