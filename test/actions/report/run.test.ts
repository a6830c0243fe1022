import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ReportData } from "#actions/report/report-input.ts";
import { run } from "#actions/report/run.ts";
import { BadInputError } from "#config/bad-input.ts";
import { loadConfig } from "#config/load.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { digestOf, evaluated } from "#test/parts/evaluation.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const codeRoot = resolve(import.meta.dirname, "../../..");
const config = await loadConfig({ root: codeRoot, env: "dev", model: "iris" });

function paths(folder: string) {
  const path = (name: string) => join(folder, name);
  return {
    candidate: path("candidate.json"),
    evaluation: path("evaluation.json"),
    verdict: path("verdict.json"),
    release: path("release.json"),
    report: path("out"),
  };
}

test("a report is written of the steps that have happened, with the data that it is made of", async () => {
  await using folder = await temporaryFolder();
  const at = paths(folder.path);
  const options = { config, root: folder.path, codeRoot };
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  expect((await run(at, options)).text).toMatch(/not yet judged/);
  const { evaluation } = evaluated([
    { label: "cat", candidate: "cat", times: 3 },
    { label: "dog", candidate: "dog" },
  ]);
  await writeFile(at.evaluation, JSON.stringify(evaluation));
  const { text, data } = await run(at, options);
  expect(text).toContain("| accuracy ↑ | **100 %** |");
  expect(await readFile(join(at.report, "report.md"), "utf8")).toBe(text);
  expect(ReportData.parse(JSON.parse(await readFile(join(at.report, "report.json"), "utf8")))).toEqual(data);
});

test("what changed in the data is told from the candidate.json beside the champion's package", async () => {
  await using folder = await temporaryFolder();
  const at = paths(folder.path);
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  const champion = candidateOf({
    data: {
      ...candidateOf().data,
      fingerprint: digestOf("9"),
      rows: { train: 1700, validation: 620, test: 600 },
      classes: { setosa: 1000, versicolor: 920, ancient: 1000 },
      duplicates: 0,
    },
  });
  await mkdir(join(folder.path, "models/iris/0123/candidate/model"), { recursive: true });
  await writeFile(join(folder.path, "models/iris/0123/candidate/candidate.json"), JSON.stringify(champion));
  const options = { config, root: folder.path, codeRoot };
  const { text } = await run(at, { ...options, championPackage: "./models/iris/0123/candidate/model" });
  expect(text).toContain("<summary>Data: 3,000 rows, 3 classes (+80 rows against the champion's)</summary>");
  expect(text).toContain("| change | +100 | -20 | · | +80 | +3 |");
  expect(text).toContain("| virginica | 1,000 | none | +1,000 |");
  expect(text).toContain("| ancient | none | 1,000 | -1,000 |");
  expect(text).toContain("| versicolor | 1,000 | 920 | +80 |");

  await writeFile(join(folder.path, "models/iris/0123/candidate/candidate.json"), JSON.stringify(candidateOf()));
  const same = await run(at, { ...options, championPackage: "./models/iris/0123/candidate/model" });
  expect(same.text).toContain("(the champion's very data)");

  const absent = await run(at, { ...options, championPackage: "./models/other/model" });
  expect(absent.text).toContain("What changed since the champion is not known: there is no candidate.json in");
});

test("what a promotion would change is shown as the cluster would see it", async () => {
  await using folder = await temporaryFolder();
  await cp(join(codeRoot, "manifests"), join(folder.path, "manifests"), { recursive: true });
  const at = paths(folder.path);
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  const { data } = await run(at, { config, root: folder.path, codeRoot, showManifests: true });
  const change = data.manifests;
  if (!change || change.kind === "unknown") throw new Error(JSON.stringify(change));
  const lines = change.changes.flatMap((one) => one.lines).join("\n");
  expect(lines).toContain(digestOf("a"));
  expect(lines).toContain("candidate/model");
  expect(lines).toContain("next");
});

test("without a candidate there is nothing to report", async () => {
  await using folder = await temporaryFolder();
  await expect(run(paths(folder.path), { config, root: folder.path, codeRoot })).rejects.toThrow(BadInputError);
});

test("a broken verdict is told, not left out", async () => {
  await using folder = await temporaryFolder();
  const at = paths(folder.path);
  await writeFile(at.candidate, JSON.stringify(candidateOf()));
  await writeFile(at.verdict, '{"kind":"maybe"}');
  await expect(run(at, { config, root: folder.path, codeRoot })).rejects.toThrow(
    /verdict\.json is not what was expected/,
  );
});
