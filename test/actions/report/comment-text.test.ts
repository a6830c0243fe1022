import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { marker } from "#actions/report/comment.ts";
import { type CommentInput, commentText } from "#actions/report/comment-text.ts";
import { report } from "#actions/report/report.ts";
import type { ReportInput } from "#actions/report/report-input.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { failed, nasty, poisoned, release, reportInput, undecided } from "#test/parts/report.ts";
import type { Verdict } from "#training/verdict.ts";

const runUrl = "https://github.com/acme/models/actions/runs/17";

function text(reports: readonly ReportInput[], changes: Partial<CommentInput> = {}) {
  return commentText({ reports, missing: [], sha: "0123456789abcdef", runUrl, untrusted: false, ...changes });
}

const named = (model: string, changes: Partial<ReportInput> = {}) =>
  reportInput({ ...changes, candidate: candidateOf({ model }) });

test("the comment on one model is its report, between the hidden marker and the commit", () => {
  expect(text([reportInput()])).toBe(
    `${marker}\n\n${report(reportInput()).trimEnd()}\n\n<sub>Commit 0123456789, [this run](<${runUrl}>)</sub>\n`,
  );
});

test("of several models those that need attention come first, below a table of all", () => {
  const comment = text([named("good"), named("open", { verdict: undecided }), named("bad", { verdict: failed })], {
    missing: ["lost"],
  });
  const [, table = ""] = comment.split("\n\n");
  expect(table.split("\n").slice(2)).toEqual([
    "| lost | 💥 no report: its job failed before there was a candidate |  |  |",
    "| bad | ❌ fail | accuracy 99 % | +0.33 |",
    "| open | ⏸️ held | accuracy 99 % | +0.33 |",
    "| good | ✅ pass | accuracy 99 % | +0.33 |",
  ]);
  expect([...comment.matchAll(/^## .*$/gm)].map(([line]) => line)).toEqual([
    "## ❌ bad fails the gate",
    "## ⏸️ open is held: the gate is inconclusive",
    "## ✅ good passes the gate",
  ]);
});

test("a change that needs no training is told", () => {
  expect(text([])).toContain("Nothing in this pull request has to be trained.");
  expect(text([], { untrusted: true })).toContain("That run left no report: nothing had to be trained, or it failed.");
});

test("an untrusted run is called so before anything else", () => {
  const lines = text([reportInput()], { untrusted: true }).split("\n");
  expect(lines[0]).toBe(marker);
  expect(lines[2]).toBe("> [!WARNING]");
  expect(lines[3]).toMatch(/^> \*\*Untrusted run\.\*\*/);
});

const longClasses = Array.from({ length: 100 }, (_, index) => `${index}${"<".repeat(80)}`);
const longEvaluation = evaluated(
  longClasses.map((label, index) => ({ label, candidate: longClasses[(index * 7) % 100] ?? "", champion: label })),
  { classes: longClasses },
).evaluation;
const longRules = longClasses.map((name) => ({ ...failed.rules[0], name, kind: "fail", reason: "<".repeat(600) }));

/** A report that alone needs more characters than a comment may have. */
function long(model: string): ReportInput {
  const verdict = { ...failed, rules: longRules } as Verdict;
  return named(model, { evaluation: longEvaluation, verdict });
}

test.each([1, 2, 5, 40, 100])("%i long reports keep within GitHub's limit, each with its headline", (count) => {
  const reports = Array.from({ length: count }, (_, index) => long(`model-${index}`));
  const comment = text(reports);
  expect(comment.length).toBeLessThan(65_536);
  expect(comment).toContain(`see [the summary of the run](<${runUrl}>)`);
  expect(comment.endsWith(`[this run](<${runUrl}>)</sub>\n`)).toBe(true);
  if (count <= 40) expect(comment.match(/^## /gm)).toHaveLength(count);
});

test("more models than there is room for are told in the table", () => {
  const comment = text(
    Array.from({ length: 700 }, (_, index) => named(`m${index}`, { evaluation: undefined, verdict: undefined })),
  );
  expect(comment.length).toBeLessThan(65_536);
  expect(comment).toContain("| m99 | 🏁 not judged |  |  |\n\n600 more models.");
});

test("a short report leaves its room to the others", () => {
  const comment = text([long("long"), reportInput()]);
  expect(comment).toContain(report(reportInput()).trimEnd());
  expect(comment.length).toBeGreaterThan(30_000);
});

test("nothing untrusted has an effect, whichever model it belongs to", () => {
  const render = (markdown: string) =>
    micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });
  const tags = (html: string) => html.match(/<\/?[a-z][^>]*>/g)?.map((tag) => tag.replace(/ href="[^"]*"/, ""));
  const reports = [reportInput({ release }), reportInput({ verdict: failed })];
  const clean = render(text(reports, { missing: ["lost"] }));
  const { config } = reportInput();
  const html = render(
    text(
      reports.map((input) => ({ ...poisoned(input), config })),
      { missing: [nasty], sha: nasty },
    ),
  );
  expect(tags(html)).toEqual(tags(clean));
  const shown = html.replace(/<pre>.*?<\/pre>/gs, "").replace(/<[^>]*>/g, "");
  for (const pattern of [/@team/, /#1/, /::set-output/, /\$\{\{/]) expect(shown).not.toMatch(pattern);
  expect(html).not.toContain('href="javascript');
});
