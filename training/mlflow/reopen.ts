import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { type Entry, fromLine } from "./entry.ts";
import { openJournal } from "./journal.ts";
import { sentPath } from "./sent.ts";

/** Params that the journal at a path has logged, and where it was moved to if it was in the way of a new run. */
export interface Reopened {
  params: Map<string, string>;
  setAside: string | undefined;
}

/**
 * Makes a journal's path ready for a run: to resume, what is there is read; otherwise it is set aside beside its path, and
 * a run in it that has no end was killed when its last entry was written.
 */
export function reopen(path: string, { resume }: { resume: boolean }): Reopened {
  const params = new Map<string, string>();
  if (!existsSync(path)) return { params, setAside: undefined };
  const journal = openJournal(path); // drops a torn last line
  try {
    const entries = readFileSync(path, "utf8").split("\n").slice(0, -1).map(fromLine);
    const [start] = entries;
    if (start?.kind !== "start") {
      rmSync(path);
      return { params, setAside: undefined };
    }
    if (resume) {
      for (const entry of entries) {
        if (entry.kind === "params") for (const [key, value] of Object.entries(entry.params)) params.set(key, value);
      }
      return { params, setAside: undefined };
    }
    if (!hasEnded(entries)) journal.append({ kind: "end", time: lastTime(entries), status: "KILLED" });
    const setAside = `${path}.${start.time}`;
    if (existsSync(sentPath(path))) renameSync(sentPath(path), sentPath(setAside));
    renameSync(path, setAside);
    return { params, setAside };
  } finally {
    journal.close();
  }
}

/** Whether the run's last word is how it ended. */
export function hasEnded(entries: readonly Entry[]): boolean {
  return entries.findLast((entry) => entry.kind === "end" || entry.kind === "resume")?.kind === "end";
}

/** The latest time in the entries, in milliseconds since 1970. */
export function lastTime(entries: readonly Entry[]): number {
  return entries.reduce((latest, entry) => ("time" in entry ? Math.max(latest, entry.time) : latest), 0);
}
