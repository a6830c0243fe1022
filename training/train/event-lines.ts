import { join, relative } from "node:path";
import type { TrainEvent } from "./run.ts";

/** What a log says of an event of training. */
export function eventLines(event: TrainEvent): string[] {
  switch (event.kind) {
    case "data":
      return [`data: ${JSON.stringify(event.summary.rows)} examples, ${event.summary.duplicates} duplicates`];
    case "device":
      return [`device: ${event.device.name} (${event.device.reason})`];
    case "epoch": {
      const { epoch, loss, validationLoss, validationAccuracy } = event.event.point;
      return [
        `epoch ${epoch}/${event.epochs}: loss ${loss}, validation loss ${validationLoss}, accuracy ${validationAccuracy}`,
      ];
    }
    case "candidate": {
      const { arrival, candidate, folder, reused } = event;
      const done = `${reused ? "trained before" : "trained"}: ${candidate.modelDigest} in ${relative(".", join(folder, "candidate"))}`;
      if (arrival.arrived) return [done];
      const journal = relative(".", join(folder, "journal.jsonl"));
      return [`not in MLflow yet: ${arrival.reason}; npm run replay -- ${journal}`, done];
    }
  }
}
