import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { RunReference } from "#training/candidate.ts";
import { createBackgroundSender } from "./background-sender.ts";
import type { MlflowClient } from "./client.ts";
import type { EndStatus, ParentRun } from "./entry.ts";
import { openJournal } from "./journal.ts";
import { checkKey, checkLength, limits, truncate } from "./limits.ts";
import { reopen } from "./reopen.ts";
import type { DatasetInput } from "./run.ts";

export type { EndStatus };
export type Tracker = ReturnType<typeof createTracker>;

/** Whether everything that was logged is in MLflow. */
export type Arrival = { arrived: true; run: RunReference } | { arrived: false; reason: string };

export interface TrackerOptions {
  journalPath: string;
  id?: string | undefined; // of a new journal, a UUID, where others must know it
  parent?: ParentRun | undefined;
  client: MlflowClient | undefined; // undefined: journal only
  experiment: string;
  runName?: string | undefined;
  tags?: Readonly<Record<string, string>>;
  resume?: boolean; // go on with the run of the journal that is there; else that journal is closed and set aside
  hold?: boolean; // send only what `durable` has released; everything at the end
}

/**
 * Logs one training run: into a journal at once, from there to MLflow in the background, in batches, while training goes
 * on whether MLflow answers or not. Inputs that MLflow would refuse throw `RangeError` here, so nothing stops the sending
 * later; texts longer than MLflow keeps are cut with a mark.
 */
export function createTracker(options: TrackerOptions) {
  const { journalPath, client, experiment, runName, tags = {}, resume = false, hold = false } = options;
  const { id = randomUUID(), parent } = options;
  const { setAside, params } = reopen(journalPath, { resume });
  const journal = openJournal(journalPath);
  if (journal.offset > 0) journal.append({ kind: "resume", time: Date.now() });
  else
    journal.append({
      kind: "start",
      id,
      time: Date.now(),
      experiment,
      runName,
      tags: cutTags(tags),
      hold,
      ...(parent && { parent }),
    });
  const metricNames = new Set<string>();
  const sender = client && createBackgroundSender(journalPath, client);
  sender?.wake();

  const append = (entry: Parameters<typeof journal.append>[0]) => {
    journal.append(entry);
    sender?.wake();
  };

  return {
    journalPath,

    /** Where the journal of an earlier run went that was in the way. */
    setAside,

    /** Bytes of journal so far: what a checkpoint keeps of it, and `restoreJournal` puts back. */
    get offset(): number {
      return journal.offset;
    },

    /** The run in MLflow, once it is known. */
    get run(): RunReference | undefined {
      return sender?.run;
    },

    /** Settings. Numbers and booleans as text. A param cannot change: another value for a known name throws. */
    logParams(values: Readonly<Record<string, string | number | boolean>>): void {
      const fresh: Record<string, string> = {};
      for (const [key, value] of Object.entries(values)) {
        const text = truncate(String(value), limits.paramLength);
        const before = params.get(checkKey("param", key));
        if (before !== undefined && before !== text)
          throw new RangeError(`param ${key} is ${before} and cannot become ${text}`);
        if (before === undefined) fresh[key] = text;
      }
      for (const [key, text] of Object.entries(fresh)) params.set(key, text);
      append({ kind: "params", params: fresh });
    },

    /** Values at one step, an epoch for instance. Not-a-number and infinite values are kept. */
    logMetrics(step: number, values: Readonly<Record<string, number>>): void {
      if (!Number.isSafeInteger(step)) throw new RangeError(`step ${step} is not a whole number`);
      for (const key of Object.keys(values)) if (!metricNames.has(key)) metricNames.add(checkKey("metric", key));
      append({ kind: "metrics", time: Date.now(), step, values: { ...values } });
    },

    setTags: (values: Readonly<Record<string, string>>): void => append({ kind: "tags", tags: cutTags(values) }),

    logDataset(dataset: DatasetInput): void {
      checkLength(`digest of dataset ${dataset.name}`, dataset.digest, limits.datasetDigestLength);
      append({ kind: "dataset", dataset });
    },

    /** A file of this machine as `path` among the run's artifacts. It must stay until it has arrived. */
    logArtifact(path: string, localFile: string): void {
      if (!existsSync(localFile)) throw new RangeError(`artifact ${path}: there is no file ${localFile}`);
      append({ kind: "artifact", path, file: relative(dirname(resolve(journalPath)), resolve(localFile)) });
    },

    /** Releases what was logged before byte `offset`: the checkpoint that holds it is safe. */
    durable(offset: number): void {
      append({ kind: "durable", offset });
      journal.sync();
    },

    end(status: EndStatus): void {
      append({ kind: "end", time: Date.now(), status });
      journal.sync();
    },

    /** Sends what is left, and waits for it as long as it moves: at most `timeoutMs` without progress. */
    async flush({ timeoutMs = 30_000 }: { timeoutMs?: number } = {}): Promise<Arrival> {
      if (sender) return await sender.flush(timeoutMs);
      return { arrived: false, reason: "there was no MLflow to send to" };
    },

    /** Ends the sending and lets the journal go. */
    close(): void {
      sender?.stop();
      journal.close();
    },
  };
}

function cutTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  const cut = ([key, value]: [string, string]) => [checkKey("tag", key), truncate(value, limits.tagLength)];
  return Object.fromEntries(Object.entries(tags).map(cut));
}
