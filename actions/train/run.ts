import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Candidate, Digest } from "#training/candidate.ts";
import { bringCandidate, packageUriOf } from "#training/candidate-store.ts";
import { sweepLines } from "#training/sweep/event-lines.ts";
import { runSweep, type SweepOptions } from "#training/sweep/run.ts";
import { eventLines } from "#training/train/event-lines.ts";
import { type TrainCandidateOptions, trainCandidate } from "#training/train/run.ts";

/** A candidate on this machine, and where its package stays. */
export interface Trained {
  candidate: Candidate;
  folder: string; // of candidate.json and model/
  packageUri: string;
  reused: boolean; // nothing was trained
}

/** A package that was trained before. */
export interface Earlier {
  packageUri: string;
  modelDigest: Digest;
}

/** Trains a model, or brings the candidate of an earlier package. */
export async function run(options: TrainCandidateOptions, earlier: Earlier | undefined): Promise<Trained> {
  const { root, config, info } = options;
  if (earlier) {
    const folder = resolve(root, config.outputs, config.model, "earlier", "candidate");
    const candidate = await bringCandidate(earlier, { folder, root });
    info(`trained before: ${candidate.modelDigest} of ${earlier.packageUri}`);
    return { candidate, folder, packageUri: earlier.packageUri, reused: true };
  }
  for await (const event of trainCandidate(options)) {
    for (const line of eventLines(event)) info(line);
    if (event.kind !== "candidate") continue;
    return await keep(event, options);
  }
  throw new Error("training ended without a candidate");
}

/** Trains the trials of a model's sweep, or reads what the cluster has trained of them; the candidate is the best one's. */
export async function runTrials(options: SweepOptions): Promise<Trained> {
  for await (const event of runSweep(options)) {
    for (const line of sweepLines(event)) options.info(line);
    if (event.kind === "winner") return await keep(event, options);
  }
  throw new Error("the sweep ended without a winner");
}

async function keep(
  { candidate, folder, reused }: { candidate: Candidate; folder: string; reused: boolean },
  { config }: TrainCandidateOptions,
): Promise<Trained> {
  const own = join(folder, "candidate");
  // the steps that follow read the file, and a run may have reached MLflow after it was written
  await writeFile(join(own, "candidate.json"), `${JSON.stringify(candidate, null, 2)}\n`);
  return { candidate, folder: own, packageUri: packageUriOf(config, candidate), reused };
}
