import type { Markdown } from "#actions/io/markdown.ts";

/** One quantity over the epochs, as training and validation saw it. */
export interface Curves {
  title: string;
  unit: string;
  range: readonly [lowest: number, highest: number];
  epochs: number;
  train: readonly number[];
  validation: readonly number[];
}

const mostPoints = 60;
const look = {
  // low, and yet no two labels of the value axis touch
  xyChart: { width: 700, height: 320, yAxis: { labelFontSize: 11 }, xAxis: { labelFontSize: 11 } },
  themeVariables: { xyChart: { plotColorPalette: "#2563eb, #ea580c" } },
};

/** Both curves as a Mermaid chart, thinned to a readable number of points. It holds numbers and fixed words only. */
export function chart({ title, unit, range, epochs, train, validation }: Curves): Markdown {
  const lines = [
    "```mermaid",
    `%%{init: ${JSON.stringify(look)}}%%`,
    "xychart-beta",
    `  title "${title}"`,
    `  x-axis "epoch" 1 --> ${epochs}`,
    `  y-axis "${unit}" ${short(range[0])} --> ${short(range[1])}`,
    `  line [${thin(train).map(short).join(", ")}]`,
    `  line [${thin(validation).map(short).join(", ")}]`,
    "```",
  ];
  return { markdown: lines.join("\n") };
}

/** At most `mostPoints` values, evenly spread from the first to the last, between epochs by linear interpolation. */
function thin(values: readonly number[]): number[] {
  if (values.length <= mostPoints) return [...values];
  const step = (values.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, index) => {
    const epoch = Math.min(Math.floor(index * step), values.length - 2);
    const [before = 0, after = 0] = values.slice(epoch, epoch + 2);
    return before + (after - before) * (index * step - epoch);
  });
}

/** Without an exponent, which Mermaid can't read. */
function short(value: number): string {
  return String(Number(value.toFixed(4)));
}
