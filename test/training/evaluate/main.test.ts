import "@tensorflow/tfjs-backend-cpu";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { candidateOf } from "#test/parts/candidate.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { contentsOf, seededModel } from "#test/training/package/fixtures.ts";
import type { Digest } from "#training/candidate.ts";
import { readEvaluation } from "#training/evaluate/files.ts";
import { writePackage } from "#training/package/write.ts";

const root = resolve(import.meta.dirname, "../../..");
const folder = await temporaryFolder();
const candidate = join(folder.path, "candidate");
const champion = join(folder.path, "champion");
let digests: { candidate: Digest; champion: Digest };

beforeAll(async () => {
  await mkdir(candidate);
  const ours = await writePackage(join(candidate, "model"), contentsOf(seededModel("softmax", 1)));
  const theirs = await writePackage(champion, contentsOf(seededModel("softmax", 9)));
  digests = { candidate: ours.digest, champion: theirs.digest };
  await writeFile(join(candidate, "candidate.json"), JSON.stringify(candidateOf({ modelDigest: ours.digest })));
});
afterAll(() => folder[Symbol.asyncDispose]());

test("the program evaluates a candidate beside the champion, and counts its looks at test examples", async () => {
  const out = join(folder.path, "evaluation");
  const beside = ["--champion-version", "4", "--champion-digest", digests.champion, "--champion-package", champion];
  for (const looks of [1, 2]) {
    const { code, stderr } = await program(["--candidate", candidate, "--out", out, "--role", "test", ...beside]);
    expect([code, stderr]).toEqual([0, ""]);
    const { evaluation, predictions } = await readEvaluation(out);
    expect(evaluation).toMatchObject({
      ...{ model: "iris", env: "dev", role: "test", looks, rows: predictions.length },
      candidate: { modelDigest: digests.candidate },
      champion: { version: "4", modelDigest: digests.champion },
    });
    expect(predictions.every((prediction) => prediction.champion)).toBe(true);
  }
});

test("looks at validation examples, the default, are not counted", async () => {
  const out = join(folder.path, "on-validation");
  const { code } = await program(["--candidate", candidate, "--out", out]);
  const { evaluation } = await readEvaluation(out);
  expect([code, evaluation.role, evaluation.looks]).toEqual([0, "validation", 0]);
});

test.each<[string, () => string[], RegExp]>([
  ["an unknown option", () => ["--bogus"], /Unknown option '--bogus'/],
  ["half a champion", () => ["--candidate", candidate, "--out", "x", "--champion-version", "1"], /a champion needs/],
  [
    "another candidate than it was told",
    () => [...candidateTo("x"), "--model-digest", digests.champion],
    /was expected/,
  ],
  ["no candidate", () => ["--candidate", join(folder.path, "none"), "--out", "x"], /can't read .*candidate\.json/],
  ["a setting that does not exist", () => [...candidateTo("x"), "--set", "gate.maximum=1"], /gate\.maximum/],
])("%s ends the program with 42 and the reason", async (_name, args, reason) => {
  const { code, stderr } = await program(args());
  expect(stderr).toMatch(reason);
  expect(code).toBe(42);
});

test("help is printed", async () => {
  const { code, stdout } = await program(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("--candidate FOLDER");
});

test("an evaluation that was changed by hand is refused with file and line", async () => {
  const out = join(folder.path, "changed");
  await program(candidateTo(out));
  const lines = await readFile(join(out, "predictions.jsonl"), "utf8");
  await writeFile(join(out, "predictions.jsonl"), lines.replace('"label"', '"truth"'));
  await expect(readEvaluation(out)).rejects.toThrow(/predictions\.jsonl:1 /);
  await rm(join(out, "evaluation.json"));
  await expect(readEvaluation(out)).rejects.toThrow(/can't read .*evaluation\.json/);
});

function candidateTo(out: string): string[] {
  return ["--candidate", candidate, "--out", out];
}

/** Runs the program on the iris sample, its looks kept in the test's folder. */
function program(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const settings = ["--set", "data.root=training/data/samples", "--set", `models.uri=${join(folder.path, "models")}`];
  const command = ["training/evaluate/main.ts", "--env", "dev", "--model", "iris", ...settings, ...args];
  return new Promise((done) => {
    const child = execFile(process.execPath, command, { cwd: root }, (_error, stdout, stderr) => {
      done({ code: child.exitCode, stdout, stderr });
    });
  });
}
