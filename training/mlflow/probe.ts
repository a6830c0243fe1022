import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";

const refusals = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

/** What listens at an address. */
export type Probe =
  | { kind: "mlflow"; version: string }
  | { kind: "other"; reason: string } // something answers, but it is not MLflow
  | { kind: "nothing"; reason: string };

/** Tells MLflow from nothing and from other servers: `/health` says OK and `/version` looks like one. */
export async function probe(uri: string, timeoutMs = 3_000): Promise<Probe> {
  try {
    const health = await read(uri, "/health", timeoutMs);
    if (health.status !== 200 || health.text !== "OK") {
      return {
        kind: "other",
        reason: `its /health answers ${health.status} ${JSON.stringify(health.text.slice(0, 40))}, not OK`,
      };
    }
    const { status, text } = await read(uri, "/version", timeoutMs);
    if (status === 200 && /^\d+\.\d+\.\d+[\w.+-]*$/.test(text)) return { kind: "mlflow", version: text };
    return {
      kind: "other",
      reason: `its /version answers ${status} ${JSON.stringify(text.slice(0, 40))}, not a version`,
    };
  } catch (error) {
    return classify(error);
  }
}

/** Waits for an MLflow that is starting on this machine, its database included; `undefined` when that takes too long. */
export async function ready(uri: string, within: { ms: number; signal?: AbortSignal }): Promise<string | undefined> {
  for (const deadline = Date.now() + within.ms; Date.now() < deadline && !within.signal?.aborted; await sleep(50)) {
    const found = await probe(uri);
    if (found.kind !== "mlflow") continue;
    // The first question makes the database. An MLflow that is killed meanwhile never starts again on it
    const answer = await read(uri, "/api/2.0/mlflow/experiments/get?experiment_id=0", within.ms).catch(() => undefined);
    if (answer?.status === 200) return found.version;
  }
  return undefined;
}

async function read(uri: string, path: string, timeoutMs: number): Promise<{ status: number; text: string }> {
  const target = new URL(uri);
  const headers: Record<string, string> = {};
  if (target.username)
    headers["authorization"] =
      `Basic ${Buffer.from(decodeURIComponent(`${target.username}:${target.password}`)).toString("base64")}`;
  target.username = target.password = "";
  const answer = await request(target.href.replace(/\/+$/, "") + path, {
    headers,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    signal: AbortSignal.timeout(timeoutMs),
    reset: true,
  });
  const text = (await answer.body.text()).trim();
  return { status: answer.statusCode, text };
}

/** Whether a request failed since nothing listens there, or there is no way: not even a connection came about. */
export function foundNothing(error: unknown): boolean {
  return refusals.includes(codeOf(firstOf(error)));
}

function classify(error: unknown): Probe {
  const first = firstOf(error);
  const reason = first instanceof Error ? first.message || codeOf(first) : String(first);
  return foundNothing(error) ? { kind: "nothing", reason } : { kind: "other", reason };
}

/** Of the addresses that a name has, what came of the first. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
