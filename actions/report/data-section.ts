import { details, join, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { ReportInput } from "./report-input.ts";

const mostClasses = 12;

type Data = ReportInput["candidate"]["data"];

/** Rows by role and class, duplicates, and how they differ from what the champion was trained on. */
export function data({ candidate, championData }: ReportInput): Markdown {
  const now = candidate.data;
  const champion = championData?.kind === "known" ? championData.data : undefined;
  const isSame = champion !== undefined && champion.fingerprint === now.fingerprint;
  const before = isSame ? undefined : champion;
  const size = `${number(total(now))} rows, ${number(names(now).length)} classes`;
  const against = isSame ? " (the champion's very data)" : before && ` (${moved(now, before)} against the champion's)`;
  return details(
    `Data: ${size}${against ?? ""}`,
    join([
      championData?.kind === "unknown"
        ? md`What changed since the champion is not known: ${prose(championData.reason)}.`
        : undefined,
      roleTable(now, before),
      classTable(now, before),
      fingerprint(now),
    ]),
  );
}

const number = (value: number) => value.toLocaleString("en-US");
const signed = (value: number) => (value === 0 ? "·" : `${value > 0 ? "+" : ""}${number(value)}`);
const names = ({ classes }: Data) => Object.keys(classes);
const total = ({ rows }: Data) => rows.train + rows.validation + rows.test;

function moved(now: Data, before: Data): string {
  const rows = total(now) - total(before);
  const classes = names(now).length - names(before).length;
  const parts = [`${rows < 0 ? "" : "+"}${number(rows)} rows`];
  if (classes !== 0) parts.push(`${signed(classes)} ${Math.abs(classes) === 1 ? "class" : "classes"}`);
  return parts.join(", ");
}

function roleTable(now: Data, before: Data | undefined): Markdown {
  const titles = ["train>", "validation>", "test>", "all>", "duplicates>"];
  const cells = (of: Data) => [of.rows.train, of.rows.validation, of.rows.test, total(of), of.duplicates];
  if (!before) return table(titles, [cells(now)]);
  const old = cells(before);
  return table(
    ["rows", ...titles],
    [
      ["candidate", ...cells(now)],
      ["champion", ...old],
      ["change", ...cells(now).map((count, index) => signed(count - (old[index] ?? 0)))],
    ],
  );
}

function classTable(now: Data, before: Data | undefined): Markdown {
  const counts = (of: Data | undefined) => new Map(Object.entries(of?.classes ?? {}));
  const [current, old] = [counts(now), counts(before)];
  const change = (name: string) => (current.get(name) ?? 0) - (old.get(name) ?? 0);
  const gone = [...old.keys()].filter((name) => !current.has(name));
  const sorted = [...current.keys(), ...gone].sort(
    (a, b) => (before ? Math.abs(change(b)) - Math.abs(change(a)) : 0) || (current.get(b) ?? 0) - (current.get(a) ?? 0),
  );
  const row = (name: string) => {
    const cells = [name, current.get(name) ?? "none"];
    if (!before) return cells;
    return [...cells, old.get(name) ?? "none", signed(change(name))];
  };
  const rest = sorted.slice(mostClasses);
  const restOf = (of: Map<string, number>) => rest.reduce((sum, name) => sum + (of.get(name) ?? 0), 0);
  const restRow = [`${number(rest.length)} more classes`, restOf(current)];
  return table(
    ["class", "rows>", ...(before ? ["champion>", "change>"] : [])],
    [
      ...sorted.slice(0, mostClasses).map(row),
      ...(rest.length > 0 ? [before ? [...restRow, restOf(old), signed(restOf(current) - restOf(old))] : restRow] : []),
    ],
  );
}

function fingerprint({ fingerprint }: Data): Markdown {
  const named = fingerprint === undefined ? md`` : md`Fingerprint \`${{ markdown: fingerprint.slice(0, 23) }}\`. `;
  return md`${named}Duplicates are rows whose content another row has too; copies never cross from one role to another.`;
}
