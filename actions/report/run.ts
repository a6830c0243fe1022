import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { Candidate } from "#training/candidate.ts";
import { Evaluation } from "#training/evaluation.ts";
import { readJsonFile } from "#training/json-file.ts";
import { Release } from "#training/release.ts";
import { Verdict } from "#training/verdict.ts";
import { report } from "./report.ts";
import type { ReportInput } from "./report-input.ts";

/** Where each step left its file; those after `candidate` need not exist yet. */
export interface ReportPaths {
  candidate: string;
  evaluation: string;
  verdict: string;
  release: string;
  report: string;
}

/** Reads what the steps have left, writes the report, and returns its text. */
export async function run(paths: ReportPaths, config: ReportInput["config"]): Promise<string> {
  const text = report({
    config,
    candidate: await readJsonFile(paths.candidate, Candidate),
    evaluation: await readIfPresent(paths.evaluation, Evaluation),
    verdict: await readIfPresent(paths.verdict, Verdict),
    release: await readIfPresent(paths.release, Release),
  });
  await mkdir(dirname(paths.report), { recursive: true });
  await writeFile(paths.report, text);
  return text;
}

async function readIfPresent<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  return existsSync(path) ? await readJsonFile(path, schema) : undefined;
}
