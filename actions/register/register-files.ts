import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { Candidate, type Digest, type GitState } from "#training/candidate.ts";
import { Evaluation } from "#training/evaluation.ts";
import { readJsonFile } from "#training/json-file.ts";
import { isAway } from "#training/mlflow/away.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { Verdict } from "#training/verdict.ts";
import { findRelease } from "./release.ts";
import { type RegisterResult, register } from "./run.ts";

/** What the steps before have left. Without `judged` the version is found that was registered before. */
export interface RegisterFiles {
  candidate: string; // folder of candidate.json and model/
  judged: { evaluation: string; verdict: string } | undefined; // folder of evaluation.json, file
  release: string; // file to write
  modelDigest: Digest; // of the candidate, from where the candidate could not have changed it
  packageUri: string;
}

const again = "re-run this job";

/** Reads the files, registers or finds the version, and writes the release. Throws like `register`. */
export async function registerFiles(
  files: RegisterFiles,
  parts: { client: MlflowClient; config: Config; git: GitState | undefined },
): Promise<RegisterResult> {
  const { client, config, git } = parts;
  const candidate = await readJsonFile(join(files.candidate, "candidate.json"), Candidate);
  if (candidate.modelDigest !== files.modelDigest)
    throw new BadInputError(`${files.candidate}: holds ${candidate.modelDigest}, not ${files.modelDigest}`);
  const about = { candidate, git, package: { folder: join(files.candidate, "model"), uri: files.packageUri } };
  const result = files.judged
    ? await register({ ...about, ...(await readJudged(files.judged)) }, { client, config, again })
    : await found(findRelease(about, { client, config }));
  if (result.kind === "registered") {
    await mkdir(dirname(files.release), { recursive: true });
    await writeFile(files.release, `${JSON.stringify(result.release, null, 2)}\n`);
  }
  return result;
}

async function readJudged({ evaluation, verdict }: { evaluation: string; verdict: string }) {
  return {
    evaluation: await readJsonFile(join(evaluation, "evaluation.json"), Evaluation),
    verdict: await readJsonFile(verdict, Verdict),
  };
}

async function found(finding: ReturnType<typeof findRelease>): Promise<RegisterResult> {
  try {
    return { kind: "registered", release: await finding, isNew: false };
  } catch (error) {
    if (isAway(error)) return { kind: "held", reason: error.message, next: `when MLflow answers again, ${again}` };
    throw error;
  }
}
