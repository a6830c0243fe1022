import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "#actions/report/run.ts";
import { BadInputError } from "#config/bad-input.ts";
import { Cost, Gate } from "#config/schema.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const config = { gate: Gate.parse({}), cost: Cost.parse({}) };

function paths(folder: string) {
  const path = (name: string) => join(folder, name);
  return {
    candidate: path("candidate.json"),
    evaluation: path("evaluation.json"),
    verdict: path("verdict.json"),
    release: path("release.json"),
    report: path("out/report.md"),
  };
}

test("a report is written of the steps that have happened", async () => {
  await using folder = await temporaryFolder();
  const at = paths(folder.path);
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  expect(await run(at, config)).toMatch(/not yet judged/);
  const { evaluation } = evaluated([
    { label: "cat", candidate: "cat", times: 3 },
    { label: "dog", candidate: "dog" },
  ]);
  await writeFile(at.evaluation, JSON.stringify(evaluation));
  const text = await run(at, config);
  expect(text).toContain("| accuracy ↑ | **100 %** |");
  expect(await readFile(at.report, "utf8")).toBe(text);
});

test("without a candidate there is nothing to report", async () => {
  await using folder = await temporaryFolder();
  await expect(run(paths(folder.path), config)).rejects.toThrow(BadInputError);
});

test("a broken verdict is told, not left out", async () => {
  await using folder = await temporaryFolder();
  const at = paths(folder.path);
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  await writeFile(at.verdict, '{"kind":"maybe"}');
  await expect(run(at, config)).rejects.toThrow(/verdict\.json is not what was expected/);
});
