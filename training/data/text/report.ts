import { repeated, surplus } from "./copies.ts";
import type { Places } from "./roles.ts";
import type { TextStore } from "./store.ts";

/**
 * What a person wants to know of texts before a model is trained on them: how many, of which classes, how long, copies, and
 * texts with two labels. `copies` counts rows of equal text and label.
 */
export function describe(store: TextStore, places: Places, copies: ReadonlyMap<bigint, number>): string[] {
  const { classes, labels, sizes, contents, length } = store;
  const counts = new Float64Array(classes.length);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const named = classes.map((name, label) => ({ name, rows: counts[label] ?? 0 })).sort((a, b) => b.rows - a.rows);
  const shown = named.slice(0, mostShown).map(({ name, rows }) => `${name} ${number(rows)}`);
  const rest = named.length > mostShown ? ` and ${named.length - mostShown} more classes` : "";
  const sorted = sizes.toSorted();
  const quantile = (share: number) => number(sorted[Math.round(share * (length - 1))] ?? 0);
  const repeats = surplus(repeated(contents));
  const disagreeing = repeats - surplus(copies);
  const used = places.train.length + places.validation.length + places.test.length;
  return [
    `${number(length)} rows: ${shown.join(", ")}${rest}`,
    `texts of ${quantile(0)} to ${quantile(1)} bytes, half of them up to ${quantile(0.5)}, 95 % up to ${quantile(0.95)}`,
    ...(repeats > 0
      ? [`${number(repeats)} texts repeat an earlier row's, ${number(disagreeing)} of them with another label`]
      : []),
    ...(used < length
      ? [`left out ${number(length - used)} rows whose text stands in a split that is kept apart from theirs`]
      : []),
  ];
}

const mostShown = 20;

function number(value: number): string {
  return value.toLocaleString("en-US");
}
