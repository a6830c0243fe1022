import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "#actions/gate/run.ts";
import { BadInputError } from "#config/bad-input.ts";
import { Gate } from "#config/schema.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { Verdict } from "#training/verdict.ts";

const made = evaluated([
  { label: "cat", candidate: "cat", champion: "cat", times: 200 },
  { label: "dog", candidate: "dog", champion: "dog", times: 200 },
]);
const lines = made.predictions.map((prediction) => JSON.stringify(prediction));

async function prepare(folder: string, files: Record<string, string>) {
  const evaluation = join(folder, "evaluation");
  await mkdir(evaluation);
  for (const [name, text] of Object.entries(files)) await writeFile(join(evaluation, name), text);
  return { evaluation, verdict: join(folder, "out/verdict.json") };
}

test("the verdict of the files is written and returned", async () => {
  await using folder = await temporaryFolder();
  const files = { "evaluation.json": JSON.stringify(made.evaluation), "predictions.jsonl": `${lines.join("\n")}\n` };
  const paths = await prepare(folder.path, files);
  const verdict = await run(paths, Gate.parse({}));
  expect(verdict.kind).toBe("pass");
  expect(Verdict.parse(JSON.parse(await readFile(paths.verdict, "utf8")))).toEqual(verdict);
});

test.each([
  ["no evaluation", {}, /can't read .*evaluation\.json: run the step that writes it first/],
  ["an evaluation that is not JSON", { "evaluation.json": "{" }, /evaluation\.json is not JSON/],
  [
    "an evaluation of another shape",
    { "evaluation.json": '{"model": 3}' },
    /evaluation\.json is not what was expected[\s\S]*model/,
  ],
  [
    "a broken line",
    {
      "evaluation.json": JSON.stringify(made.evaluation),
      "predictions.jsonl": `${lines[0]}\n${lines[1]?.slice(0, 40)}`,
    },
    /predictions\.jsonl:2 is not JSON/,
  ],
  [
    "predictions cut off at a line",
    { "evaluation.json": JSON.stringify(made.evaluation), "predictions.jsonl": lines.slice(0, 300).join("\n") },
    /400 examples against 300/,
  ],
])("%s is bad input that names the file, and no verdict is left", async (_, files, message) => {
  await using folder = await temporaryFolder();
  const paths = await prepare(folder.path, files);
  const attempt = run(paths, Gate.parse({}));
  await expect(attempt).rejects.toThrow(BadInputError);
  await expect(attempt).rejects.toThrow(message);
  await expect(readFile(paths.verdict)).rejects.toThrow("ENOENT");
});
