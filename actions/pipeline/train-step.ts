import type { Candidate } from "#training/candidate.ts";
import { sweepLines, winnerText } from "#training/sweep/event-lines.ts";
import { runSweep } from "#training/sweep/run.ts";
import { type TrainCandidateOptions, trainCandidate } from "#training/train/run.ts";
import { epochLine } from "./epoch-line.ts";
import { trainedNote } from "./wording.ts";

/** A candidate in its folder, and what to say of how it came to be. */
interface Trained {
  value: { candidate: Candidate; folder: string };
  note: string;
}

/** Trains the model as it is configured. */
export async function trainStep(options: TrainCandidateOptions): Promise<Trained> {
  for await (const event of trainCandidate(options)) {
    if (event.kind === "epoch") options.info(epochLine(event));
    if (event.kind === "candidate") return { value: event, note: trainedNote(event) };
  }
  throw new Error("training ended without a candidate");
}

/** Trains the trials of the model's sweep; the candidate is the best one's. */
export async function sweepStep(options: TrainCandidateOptions): Promise<Trained> {
  const { info } = options;
  for await (const event of runSweep({ ...options, trains: true })) {
    if (event.kind === "winner") return { value: event, note: winnerText(event.result) };
    if (event.kind === "ended") for (const line of sweepLines(event)) info(line);
    else if (event.event.kind === "epoch")
      info(`trial ${event.trial.number} of ${event.of}: ${epochLine(event.event)}`);
  }
  throw new Error("the sweep ended without a winner");
}
