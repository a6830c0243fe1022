import type { Logger } from "pino";
import type { Usage } from "./usage.ts";

/** A log, and where its lines go. */
export interface Log {
  readonly logger: Logger;
  readonly destination: { write(line: string): unknown };
}

/** What requests have in common that are told of together. */
export interface Kind {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/** One request of a kind. */
export interface Answered {
  readonly requestId: string; // a UUID
  readonly latencyMs: number;
  readonly usage: Usage | undefined;
}

/**
 * Writes the line of each request of a kind, the one that `logger[level]` would write of these fields; `undefined` while
 * that level is off. pino looks every field's name up among its serializers, which costs three times as much.
 */
export function requestLine({ logger, destination }: Log, level: "debug" | "info", kind: Kind) {
  if (!logger.isLevelEnabled(level)) return undefined;
  const start = `{"level":${logger.levels.values[level]},"time":`;
  const end = `,${JSON.stringify(kind).slice(1)}\n`;
  return ({ requestId, latencyMs, usage }: Answered): void => {
    const took = `"latencyMs":${rounded(latencyMs)}${usage ? usageFields(usage) : ""}`;
    destination.write(`${start}${Date.now()},"requestId":"${requestId}",${took}${end}`);
  };
}

function usageFields({ memoryBytes, cpuMs }: Usage): string {
  return `,"memoryChangeMb":${rounded(memoryBytes / 2 ** 20)},"cpuMs":${rounded(cpuMs)}`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
