import { readFile } from "node:fs/promises";
import type { Tracker } from "#training/mlflow/tracker.ts";
import { type Checkpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { CheckpointStore } from "./store.ts";
import { TakenOverError } from "./taken-over-error.ts";

export type Keeper = ReturnType<typeof createKeeper>;

export interface KeeperOptions {
  store: Pick<CheckpointStore, "save" | "confirm">;
  tracker: Pick<Tracker, "offset" | "journalPath" | "durable">;
  everySeconds: number;
  info: (line: string) => void;
}

/**
 * Keeps a training's checkpoints while it goes on, each with the journal as it stands at that moment; what a safe journal
 * holds may go to MLflow. A storage that fails costs a checkpoint, not the training, unless it is the last one.
 */
export function createKeeper({ store, tracker, everySeconds, info }: KeeperOptions) {
  let savedMs = performance.now();
  let saving: Promise<void> | undefined;
  let takenOver: TakenOverError | undefined;

  const save = async (checkpoint?: Checkpoint): Promise<void> => {
    const state = checkpoint && encodeCheckpoint(checkpoint); // at once, for training goes on
    const { offset, journalPath } = tracker;
    await store.save({ state, journal: (await readFile(journalPath)).subarray(0, offset) });
    tracker.durable(offset);
  };

  return {
    /** Whether it is time for a checkpoint. Throws `TakenOverError`. */
    due(): boolean {
      if (takenOver) throw takenOver;
      return saving === undefined && performance.now() - savedMs >= everySeconds * 1000;
    },

    /** Saves a checkpoint while training goes on. */
    start(checkpoint: Checkpoint): void {
      savedMs = performance.now();
      saving = save(checkpoint)
        .catch((error: unknown) => {
          if (error instanceof TakenOverError) takenOver = error;
          else info(`no checkpoint was written, training goes on: ${messageOf(error)}`);
        })
        .finally(() => {
          saving = undefined;
        });
    },

    /** Saves the last checkpoint and waits until it is safe. Throws when it can't be. */
    async finish(checkpoint: Checkpoint): Promise<void> {
      await saving;
      await save(checkpoint);
    },

    /** Makes the journal safe that has grown since the last checkpoint, so that nothing in it is told MLflow twice. */
    async keepJournal(): Promise<void> {
      await saving;
      await save();
    },

    /** Waits for a checkpoint on its way. Throws `TakenOverError` unless this program is still the one that trains. */
    async confirm(): Promise<void> {
      await saving;
      await store.confirm();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
