import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { z } from "zod";
import { MlflowError, MlflowUnreachableError } from "./errors.ts";
import { explain, publicUrl } from "./failure.ts";

/** Where MLflow is, and who asks. Credentials in the URI itself are taken out of it. */
export interface ConnectionOptions {
  trackingUri: string;
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined; // a bearer token; wins over username and password
  timeoutMs?: number; // for one answer
  retryMs?: number; // how long a call may go on being repeated; 0: never repeated
}

/** One HTTP call under the tracking URI. */
export interface Call {
  verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string; // with a leading slash, each segment encoded
  query?: Record<string, string | readonly string[] | undefined>;
  json?: unknown;
  body?: { length: number; open: () => Readable | Uint8Array }; // opened anew for each try
  idempotent: boolean; // may be sent again when it is not known whether it arrived
}

export type Http = ReturnType<typeof createHttp>;

const keepAliveMs = 4_000; // uvicorn closes idle sockets after 5 s
const firstDelayMs = 200;
const longestDelayMs = 5_000;

/**
 * Calls with retries that end: 429 always (nothing was done), 502, 503, 504 and broken connections where the call
 * is idempotent. Throws `MlflowError` for a refusal and `MlflowUnreachableError` when no answer came.
 */
export function createHttp(options: ConnectionOptions) {
  const { timeoutMs = 30_000, retryMs = 20_000 } = options;
  const base = new URL(options.trackingUri);
  const { authorization, secrets } = credentials(options, base);
  base.username = base.password = base.search = base.hash = "";
  const root = base.href.replace(/\/+$/, "");
  const agent = new Agent({
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
  });
  const redact = (text: string) => secrets.reduce((clean, secret) => clean.replaceAll(secret, "***"), text);

  async function once(call: Call): Promise<{ bytes: Buffer; contentType: string }> {
    const url = urlOf(root, call);
    const headers: Record<string, string> = { accept: "*/*" };
    if (authorization) headers["authorization"] = authorization;
    if (call.json !== undefined) headers["content-type"] = "application/json";
    if (call.body) headers["content-length"] = String(call.body.length);
    const body = call.json === undefined ? (call.body?.open() ?? null) : JSON.stringify(call.json);
    let status: number;
    let contentType: string;
    let bytes: Buffer;
    let retryAfter: string | undefined;
    try {
      const answer = await request(url, { method: call.verb, headers, body, dispatcher: agent });
      status = answer.statusCode;
      contentType = String(answer.headers["content-type"] ?? "");
      retryAfter = answer.headers["retry-after"]?.toString();
      bytes = Buffer.from(await answer.body.arrayBuffer());
    } catch (cause) {
      throw new MlflowUnreachableError(`${call.verb} ${publicUrl(url)}`, { cause });
    }
    if (status >= 200 && status < 300) return { bytes, contentType };
    const authenticated = authorization !== undefined;
    const refusal = { verb: call.verb, url, status, contentType, body: redact(bytes.toString("utf8")), authenticated };
    throw new MlflowError({ ...explain(refusal), retryAfter });
  }

  async function send(call: Call): Promise<{ bytes: Buffer; contentType: string }> {
    const deadline = Date.now() + retryMs;
    for (let tries = 0; ; tries++) {
      try {
        return await once(call);
      } catch (error) {
        const delayMs = delayBefore(error, tries);
        if (!mayRepeat(error, call.idempotent) || Date.now() + delayMs > deadline) throw error;
        await sleep(delayMs);
      }
    }
  }

  return {
    /** The tracking URI without credentials and trailing slash. */
    uri: root,

    /** Sends the call and parses MLflow's JSON answer. */
    async json<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
      const { bytes } = await send(call);
      const parsed = schema.safeParse(parseJson(bytes));
      if (parsed.success) return parsed.data;
      throw new MlflowError({
        verb: call.verb,
        url: publicUrl(urlOf(root, call)),
        status: 200,
        reason: `not an answer of MLflow: ${z.prettifyError(parsed.error).replace(/\s+/g, " ").slice(0, 300)}`,
        remedy: "Is tracking.uri the address of an MLflow tracking server (2.9 or newer)?",
      });
    },

    /** Sends the call and returns the answer's bytes. */
    async bytes(call: Call): Promise<Buffer> {
      return (await send(call)).bytes;
    },

    /** Ends every connection; calls under way fail. */
    close: () => agent.destroy(),
  };
}

function credentials(options: ConnectionOptions, uri: URL): { authorization: string | undefined; secrets: string[] } {
  const username = options.username ?? decodeURIComponent(uri.username);
  const password = options.password ?? decodeURIComponent(uri.password);
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  if (options.token) return { authorization: `Bearer ${options.token}`, secrets: [options.token] };
  if (!username) return { authorization: undefined, secrets: [] };
  return { authorization: `Basic ${basic}`, secrets: [basic, password].filter((secret) => secret.length > 0) };
}

function urlOf(root: string, call: Call): URL {
  const url = new URL(root + call.path);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) url.searchParams.append(name, one);
  }
  return url;
}

function mayRepeat(error: unknown, idempotent: boolean): boolean {
  if (error instanceof MlflowError) {
    return error.status === 429 || (idempotent && [502, 503, 504].includes(error.status));
  }
  return idempotent && error instanceof MlflowUnreachableError && connectionBroke(error.cause);
}

// A refused connection or an unknown name is told at once: whoever waits for a server does so on purpose
function connectionBroke(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(code);
}

/** Full jitter over a doubling delay, or what `Retry-After` (seconds or a date) asks for. */
function delayBefore(error: unknown, tries: number): number {
  const asked = error instanceof MlflowError ? error.retryAfter : undefined;
  if (asked !== undefined) {
    const seconds = Number(asked);
    const delayMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(asked) - Date.now();
    if (delayMs >= 0) return delayMs;
  }
  return Math.random() * Math.min(longestDelayMs, firstDelayMs * 2 ** tries);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
