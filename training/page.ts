/** A report as one HTML file that needs nothing from elsewhere. */
export interface Page {
  readonly title: string;
  readonly lead: string; // what was found, in a sentence
  readonly parts: readonly string[]; // HTML, of the functions below
}

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; color: #1f2937; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; margin-bottom: 0.25rem; }
  h2 { font-size: 1.15rem; margin-top: 2rem; }
  .lead { color: #4b5563; margin-top: 0; }
  table { border-collapse: collapse; margin: 0.5rem 0 1rem; }
  th, td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; border-bottom: 1px solid #e5e7eb; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  svg { max-width: 100%; height: auto; }
`;

/** The page as a whole document. */
export function htmlPage({ title, lead, parts }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
${parts.join("\n")}
</body>
</html>
`;
}

/** A heading. */
export function heading(text: string): string {
  return `<h2>${escapeHtml(text)}</h2>`;
}

/** A paragraph. */
export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

/** A table; numbers stand right and are to be formatted already. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumber = header.map((_, column) => rows.length > 0 && rows.every((row) => /^[-\d]/.test(row[column] ?? "")));
  const cell = (tag: string) => (text: string, column: number) =>
    `<${tag}${isNumber[column] ? ' class="number"' : ""}>${escapeHtml(text)}</${tag}>`;
  const head = `<thead><tr>${header.map(cell("th")).join("")}</tr></thead>`;
  const body = rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`).join("\n");
  return `<table>${head}<tbody>\n${body}\n</tbody></table>`;
}

/** A picture of our own making, with a text for those who can't see it. */
export function figure(svg: string, text: string): string {
  return `<figure role="img" aria-label="${escapeHtml(text)}">${svg}</figure>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
