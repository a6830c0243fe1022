import { cpuUsage } from "node:process";
import type { Spent } from "#training/checkpoint/checkpoint.ts";

/** Measures what a training costs, together with what earlier programs spent on it. */
export function createClock(before?: Spent): () => Spent {
  const began = new Date();
  const cpuBegan = cpuUsage();
  return () => {
    const { user, system } = cpuUsage(cpuBegan);
    return {
      startedAt: before?.startedAt ?? began.toISOString(),
      seconds: (before?.seconds ?? 0) + (Date.now() - began.getTime()) / 1000,
      cpuSeconds: (before?.cpuSeconds ?? 0) + (user + system) / 1e6,
    };
  };
}
