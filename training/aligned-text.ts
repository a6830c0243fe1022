/** Rows as lines of aligned columns, `gap` spaces between them. The first row has them all. */
export function alignedText(rows: readonly (readonly string[])[], gap: number): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" ".repeat(gap)));
  return lines.map((line) => line.trimEnd()).join("\n");
}
