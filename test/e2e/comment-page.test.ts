import { afterAll, beforeAll, expect, test } from "vitest";
import { commentText } from "#actions/report/comment-text.ts";
import type { ReportInput } from "#actions/report/report-input.ts";
import { showMarkdown, startBrowser } from "#test/parts/browser.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { championData, failed, manifests, nasty, poisoned, release, reportInput } from "#test/parts/report.ts";

let browser: Awaited<ReturnType<typeof startBrowser>>;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

function comment(reports: readonly ReportInput[], missing: readonly string[] = [], sha = "f".repeat(40)) {
  return commentText({
    reports,
    missing,
    sha,
    runUrl: "https://github.com/acme/models/actions/runs/1",
    untrusted: true,
  });
}

/** What stands in the page that could act, and what the page did. */
async function effects(markdown: string) {
  await using shown = await showMarkdown(browser, markdown);
  const { page, asked, problems } = shown;
  const count = (selector: string) => page.locator(selector).count();
  const links = await page.locator("main a").evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
  return {
    acting: await count(
      "main script, main img, main iframe, main form, main input, main style:not(svg style), main object",
    ),
    handlers: await page
      .locator("main *")
      .evaluateAll((all) =>
        all.flatMap((one) => one.getAttributeNames().filter((name: string) => name.startsWith("on"))),
      ),
    otherLinks: links.filter((address) => !/^https?:/.test(address)),
    asked,
    problems,
    charts: await count("main svg"),
    details: await count("main details"),
    tables: await count("main table"),
    text: (await page.locator("main").textContent()) ?? "",
  };
}

const whole = (changes: Partial<ReportInput> = {}) => reportInput({ release, championData, manifests, ...changes });
const nothing = { acting: 0, handlers: [], otherLinks: [], asked: [], problems: [] };

test("a comment is drawn with its charts, and asks the network for nothing", async () => {
  const found = await effects(comment([whole()]));
  expect(found).toMatchObject({ ...nothing, charts: 2 });
  expect(found.text).toContain("iris passes the gate");
});

test("whatever others have written, the page has the same parts and does nothing", async () => {
  const reports = [whole(), whole({ verdict: failed })];
  const { config } = reportInput();
  const clean = await effects(comment(reports, ["lost"]));
  const found = await effects(
    comment(
      reports.map((input) => ({ ...poisoned(input), config })),
      [nasty],
      nasty,
    ),
  );
  const { text: _, ...parts } = clean;
  expect(found).toMatchObject({ ...parts, ...nothing });
  expect(found.text.replaceAll("\u200b", "")).toContain("<img src=q onerror=e>");
});

test("the same texts, not escaped, would act: the page is one that shows it", async () => {
  const texts = [
    '<img src="https://evil.example/p.png" onerror="alert(1)">',
    '<a href="javascript:alert(1)">click</a>',
  ];
  const found = await effects(texts.join("\n\n"));
  expect(found).toMatchObject({ acting: 1, handlers: ["onerror"], asked: ["https://evil.example/p.png"] });
  expect(found.otherLinks).toEqual(["javascript:alert(1)"]);
  await expect(effects("```mermaid\nxychart-beta\n  line [1, x]\n```")).rejects.toThrow();
});

const [point] = candidateOf().curves;
const curves = (length: number, changes: object) =>
  Array.from({ length }, (_, index) => ({
    ...point,
    ...changes,
    epoch: index + 1,
  })) as ReportInput["candidate"]["curves"];

test.each([
  ["two epochs", curves(2, {})],
  ["five thousand epochs", curves(5000, {})],
  ["losses that are all zero", curves(5, { loss: 0, validationLoss: 0 })],
  ["losses as large as may be", curves(5, { loss: 1e6, validationLoss: 999_999.123_456 })],
  ["losses as small as may be", curves(5, { loss: 1e-12, validationLoss: 5e-324 })],
  ["accuracies of nothing and all", curves(5, { accuracy: 0, validationAccuracy: 1 })],
])("curves of %s are drawn", async (_, drawn) => {
  const found = await effects(comment([whole({ candidate: candidateOf({ curves: drawn }) })]));
  expect(found).toMatchObject({ ...nothing, charts: 2 });
});
