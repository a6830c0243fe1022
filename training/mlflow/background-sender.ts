import { setTimeout as sleep } from "node:timers/promises";
import type { RunReference } from "#training/candidate.ts";
import type { MlflowClient } from "./client.ts";
import { MlflowError, MlflowUnreachableError } from "./errors.ts";
import { sendNext } from "./send.ts";
import type { Sent } from "./sent.ts";
import type { Arrival } from "./tracker.ts";

const gatherMs = 250; // what is logged within becomes one batch
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;
const flushBackoffMs = 1_000;

/**
 * Sends a journal while it grows: one call at a time, again later while MLflow is away, no more after a refusal that
 * repeating cannot mend (until somebody flushes). Never throws, never keeps the program alive by waiting.
 */
export function createBackgroundSender(journalPath: string, client: MlflowClient) {
  let sent: Sent | undefined;
  let failure: unknown;
  let failures = 0;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let lastProgress = 0;

  async function sendAll(): Promise<void> {
    try {
      for (let moved = true; moved && !stopped; ) {
        const progress = await sendNext(journalPath, client, sent);
        ({ sent, moved } = progress);
        failure = undefined;
        failures = 0;
        if (moved) lastProgress = Date.now();
      }
    } catch (error) {
      failure = error;
      failures++;
      sent = undefined; // MLflow may come back as another one: find the run again
    }
  }

  /** Sends until nothing is left or something fails; a call while that is under way joins it. */
  function run(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running ??= sendAll().finally(() => {
      running = undefined;
      if (failure !== undefined && mayPass(failure)) schedule(backoffMs(failures));
    });
    return running;
  }

  function schedule(delayMs: number): void {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => void run(), delayMs);
    timer.unref();
  }

  return {
    get run(): RunReference | undefined {
      return sent && reference(sent);
    },

    /** There is something to send. */
    wake(): void {
      if (failure === undefined) schedule(gatherMs);
    },

    /** Sends what is left: for as long as it moves, at most `timeoutMs` without progress. */
    async flush(timeoutMs: number): Promise<Arrival> {
      lastProgress = Date.now();
      const deadline = () => lastProgress + timeoutMs;
      // What runs now has perhaps read the journal before its last entry
      if (running && !(await settles(running, deadline))) return { arrived: false, reason: slow(timeoutMs) };
      for (;;) {
        if (!(await settles(run(), deadline))) return { arrived: false, reason: slow(timeoutMs) };
        if (failure === undefined && sent) return { arrived: true, run: reference(sent) };
        if (!mayPass(failure) || Date.now() + flushBackoffMs > deadline())
          return { arrived: false, reason: messageOf(failure) };
        await sleep(flushBackoffMs);
      }
    },

    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Whether the work is done before the deadline, which may move meanwhile. */
async function settles(work: Promise<void>, deadline: () => number): Promise<boolean> {
  let watch: NodeJS.Timeout | undefined;
  const passed = new Promise<false>((tell) => {
    watch = setInterval(() => Date.now() > deadline() && tell(false), 100);
  });
  try {
    return await Promise.race([work.then(() => true), passed]);
  } finally {
    clearInterval(watch);
  }
}

function slow(timeoutMs: number): string {
  return `MLflow acknowledged nothing for ${timeoutMs / 1000} s`;
}

function mayPass(failure: unknown): boolean {
  if (failure instanceof MlflowError) return failure.status === 429 || failure.status >= 500;
  return failure instanceof MlflowUnreachableError;
}

function backoffMs(failures: number): number {
  return Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

function reference({ trackingUri, experimentId, runId }: Sent): RunReference {
  return { trackingUri, experimentId, runId };
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
