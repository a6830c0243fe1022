import { join, resolve } from "node:path";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { type Browser, chromium } from "playwright-core";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../..");
const mermaid = join(root, "test/node_modules/mermaid/dist/mermaid.min.js");

// as the page of a pull request looks, as far as a comment needs it
const style = `
  body { margin: 0; padding: 24px; background: #fff; color: #1f2328; font: 14px/1.5 "DejaVu Sans", Arial, sans-serif; }
  main { max-width: 860px; border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; }
  h2 { font-size: 21px; padding-bottom: 6px; border-bottom: 1px solid #d1d9e0b3; margin: 0 0 16px; }
  h4 { margin: 24px 0 12px; font-size: 14px; }
  p, ul, table, pre, details, blockquote { margin: 0 0 16px; }
  ul { padding-left: 28px; }
  table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
  th, td { padding: 5px 12px; border: 1px solid #d1d9e0; }
  tr:nth-child(2n) { background: #f6f8fa; }
  code { background: #818b981f; border-radius: 6px; padding: 2px 5px; font: 12px "DejaVu Sans Mono", monospace; }
  pre { background: #f6f8fa; border-radius: 6px; padding: 14px; overflow: auto; }
  pre code { background: none; padding: 0; line-height: 1.45; display: block; }
  pre.mermaid { background: none; padding: 0; text-align: center; }
  .added { background: #dafbe1; color: #116329; } .removed { background: #ffebe9; color: #82071e; }
  summary { cursor: pointer; }
  blockquote { border-left: 4px solid #d1d9e0; padding: 0 14px; color: #59636e; }
  a { color: #0969da; }
  sub { font-size: 11px; color: #59636e; }
`;

/** A browser without a network, and without a window. */
export async function startBrowser(): Promise<Browser> {
  const { chromium: executablePath } = readTools(root);
  if (!executablePath) throw new Error("no Chromium: run `npm run test:e2e`, whose set-up installs it");
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const args = [...quiet, "--disable-component-update", "--disable-sync"];
  return await chromium.launch({ executablePath, chromiumSandbox: false, args });
}

/**
 * A page that shows GitHub-flavoured markdown with its Mermaid charts drawn. HTML in it is left as it is: what GitHub's own
 * filter would still remove has its effect here.
 */
export async function showMarkdown(browser: Browser, markdown: string, { scale = 1 }: { scale?: number } = {}) {
  const html = micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });
  const page = await browser.newPage({ viewport: { width: 940, height: 800 }, deviceScaleFactor: scale });
  const asked: string[] = [];
  await page.route("**/*", (route) => {
    asked.push(route.request().url());
    return route.abort();
  });
  const problems: string[] = [];
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => undefined);
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.setContent(`<!doctype html><style>${style}</style><main>${html}</main>`);
  await page.addScriptTag({ path: mermaid });
  await page.evaluate(drawCharts);
  return { page, asked, problems, [Symbol.asyncDispose]: () => page.close() };
}

/** Runs in the page: draws charts as GitHub does, and colours diffs. */
async function drawCharts() {
  const { mermaid } = globalThis as unknown as {
    mermaid: { initialize(options: object): void; run(options: object): Promise<void> };
  };
  const page = (globalThis as unknown as { document: PageDocument }).document;
  for (const code of page.querySelectorAll("code.language-mermaid"))
    code.parentElement.outerHTML = chartOf(code.innerHTML);
  for (const code of page.querySelectorAll("code.language-diff")) {
    const colours: Record<string, string> = { "+": "added", "-": "removed" };
    const lines = code.innerHTML.split("\n");
    code.innerHTML = lines.map((line) => `<span class="${colours[line[0] ?? ""] ?? ""}">${line}</span>`).join("\n");
  }
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  for (const details of page.querySelectorAll("details")) details.setAttribute("open", ""); // charts need a size
  await mermaid.run({ querySelector: ".mermaid" });
  for (const details of page.querySelectorAll("details")) details.removeAttribute("open");

  function chartOf(text: string): string {
    return `<pre class="mermaid">${text}</pre>`;
  }
  interface PageElement {
    innerHTML: string;
    outerHTML: string;
    parentElement: PageElement;
    setAttribute(name: string, value: string): void;
    removeAttribute(name: string): void;
  }
  interface PageDocument {
    querySelectorAll(selector: string): PageElement[];
  }
}
