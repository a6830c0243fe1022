import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { commentText } from "#actions/report/comment-text.ts";
import { gather, gatherUntrusted, missingOf } from "#actions/report/gather.ts";
import { report } from "#actions/report/report.ts";
import type { ReportInput } from "#actions/report/report-input.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { flowers, nasty, passed, poisoned, release, reportInput } from "#test/parts/report.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../../..");

/** A folder in which each named artifact holds a `report.json`. */
async function artifacts(reports: Readonly<Record<string, unknown>>) {
  const folder = await temporaryFolder();
  for (const [name, data] of Object.entries(reports)) {
    await mkdir(join(folder.path, name), { recursive: true });
    await writeFile(join(folder.path, name, "report.json"), typeof data === "string" ? data : JSON.stringify(data));
  }
  return folder;
}

async function untrusted(reports: Readonly<Record<string, unknown>>) {
  await using folder = await artifacts(reports);
  const lines: string[] = [];
  const found = await gatherUntrusted(folder.path, { root, env: "dev", info: (line) => lines.push(line) });
  return { found, lines };
}

const forked = (changes: Parameters<typeof reportInput>[0] = {}) =>
  reportInput({ evaluation: evaluated(flowers, { role: "validation" }).evaluation, ...changes });

test("the reports of several artifacts are gathered, and those that are missing told", async () => {
  const cifar = reportInput({ candidate: candidateOf({ model: "cifar10" }) });
  await using folder = await artifacts({ "report-iris": reportInput(), "report-cifar10": cifar });
  const found = await gather(folder.path);
  expect(found.map(({ candidate }) => candidate.model)).toEqual(["cifar10", "iris"]);
  const include = ["iris", "roses", "tulips"].map((model) => ({
    model,
    kind: model === "tulips" ? "rebuild" : "train",
  }));
  expect(missingOf({ include }, found)).toEqual(["roses"]);
});

test("a single artifact may lie in the folder itself, and there may be none", async () => {
  await using folder = await artifacts({ ".": reportInput() });
  expect(await gather(folder.path)).toHaveLength(1);
  expect(await gather(join(folder.path, "none"))).toEqual([]);
});

test("a damaged report of our own is an error that names the file", async () => {
  await using folder = await artifacts({ "report-iris": { candidate: {} } });
  await expect(gather(folder.path)).rejects.toThrow(/report-iris\/report\.json is not what was expected/);
});

test("of an untrusted run there are numbers under our own words, judged by our own limits", async () => {
  const [first, champion, slice] = passed.rules;
  if (!first || !champion || !slice) throw new Error("three rules were expected");
  // what it says of itself does not count: its own gate let a far worse model pass
  const rules = [first, { ...champion, difference: -0.1, lower: -0.15, upper: -0.05 }, slice];
  const { found, lines } = await untrusted({
    "report-iris": forked({ verdict: { ...passed, rules }, release }),
  });
  expect(lines).toEqual([]);
  const [input] = found;
  if (!input) throw new Error("a report was expected");
  const text = report(input);
  expect(text).toMatch(/^## ❌ iris fails the gate/);
  expect(text).toContain("accuracy is worse than the champion by more than 2 points (difference -10");
  expect(text).toContain("accuracy 99 % reaches the minimum of 90 %"); // of config/models/iris.yaml
  expect(text).toContain("| class 3 | 100 | 97 % | 100 % | -3 | pass |");
  expect(text).toContain("| short petals | 7 |"); // our configuration names that slice
  expect(text).toContain("| **class 3** | · | 3 | **97** |");
  for (const theirs of ["setosa", "9f2c", "sha256", "localhost", "0123456789", "WebAssembly", "version **8**"])
    expect(text).not.toContain(theirs);
});

test("no text of an untrusted run is shown, wherever it stands", async () => {
  const comment = async (input: ReportInput) => {
    const { found } = await untrusted({
      "report-iris": { ...input, candidate: { ...input.candidate, model: "iris" } },
    });
    return commentText({
      reports: found,
      missing: [],
      sha: "f".repeat(40),
      runUrl: "https://a.example/1",
      untrusted: true,
    });
  };
  const clean = forked({ verdict: passed, release });
  const poisonedText = await comment(poisoned(clean));
  expect(poisonedText).toContain("iris passes the gate");
  for (const word of ["team", "javascript", "onerror", "set-output"]) expect(poisonedText).not.toContain(word);
  // slices have names that are recognised; apart from them nothing differs
  const { evaluation } = clean;
  const withoutSlices = { ...clean, evaluation: evaluation && { ...evaluation, slices: [] } };
  expect(await comment(poisoned(withoutSlices))).toBe(await comment(withoutSlices));
});

const whole = forked();
const change = (path: string, value: unknown) => {
  const copy = structuredClone(whole) as unknown as Record<string, never>;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
  parent[last] = value;
  return JSON.stringify(copy);
};

test.each([
  ["not JSON", "{"],
  ["an array", "[]"],
  ["null", "null"],
  ["nested 100,000 deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["a prototype", '{"__proto__":{"candidate":{}}}'],
  ["a model that is not ours", change("candidate.model", "roses")],
  ["a model named in markdown", change("candidate.model", nasty)],
  ["text for a number", change("evaluation.rows", "300")],
  ["an infinite number", change("evaluation.rows", 1).replace('"rows":1,', '"rows":1e999,')],
  ["a negative count", change("candidate.data.rows.train", -1)],
  ["an accuracy over 1", change("evaluation.candidate.metrics.accuracy", 1.5)],
  ["a loss that no chart could show", change("candidate.curves.0.loss", 1e300)],
  ["a confusion matrix of another size", change("evaluation.candidate.metrics.confusion", [[1]])],
  ["a matrix that is not square", change("evaluation.candidate.metrics.confusion", [[1], [1], [1]])],
  ["too many classes", change("evaluation.classes", Array.from({ length: 1001 }, String))],
  [
    "too many epochs",
    change(
      "candidate.curves",
      Array.from({ length: 100_001 }, () => whole.candidate.curves[0]),
    ),
  ],
  [
    "too many slices",
    change(
      "evaluation.slices",
      Array.from({ length: 1001 }, () => whole.evaluation?.slices[0]),
    ),
  ],
  ["a look at test examples", change("evaluation.role", "test")],
  ["another device", change("candidate.device.backend", "](javascript:0)")],
  ["17 MB", `${" ".repeat(17 * 1024 * 1024)}${JSON.stringify(whole)}`],
])("untrusted data that is %s is left out, and told in our words", async (_, text) => {
  const { found, lines } = await untrusted({ "report-iris": text });
  expect(found).toEqual([]);
  expect(lines).toEqual(["report 1 is not one: its numbers or its model are unknown here"]);
});

test("an untrusted model is shown once, and other reports beside a broken one are", async () => {
  const { found, lines } = await untrusted({ "report-a": "{", "report-b": forked(), "report-c": forked() });
  expect(found.map(({ candidate }) => candidate.model)).toEqual(["iris"]);
  expect(lines).toHaveLength(1);
});

test("links in an artifact are not followed", async () => {
  await using folder = await artifacts({ "report-iris": forked() });
  await using other = await temporaryFolder();
  await symlink(join(folder.path, "report-iris"), join(other.path, "report-linked"));
  await mkdir(join(other.path, "report-file"));
  await symlink(join(folder.path, "report-iris/report.json"), join(other.path, "report-file/report.json"));
  expect(await gatherUntrusted(other.path, { root, env: "dev", info: () => undefined })).toEqual([]);
});

test("a run without a champion or a verdict is not let pass silently", async () => {
  const alone = evaluated(
    flowers.map(({ champion: _, ...kind }) => kind),
    { role: "validation" },
  ).evaluation;
  const { found } = await untrusted({ "report-iris": forked({ evaluation: alone, verdict: undefined }) });
  expect(found[0]?.verdict).toMatchObject({ kind: "inconclusive" });
  const [trained] = (await untrusted({ "report-iris": forked({ evaluation: undefined, verdict: undefined }) })).found;
  expect(trained && report(trained)).toMatch(/^## 🏁 iris is trained, and not yet judged/);
});
