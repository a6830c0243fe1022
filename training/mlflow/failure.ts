import { z } from "zod";
import type { MlflowFailure } from "./errors.ts";

const ErrorBody = z.looseObject({ error_code: z.coerce.string().optional(), message: z.string().optional() });
const longestReason = 500; // characters; MLflow repeats whole inputs in some messages

/** An answer that was not what the call hoped for. */
export interface Refusal {
  verb: string;
  url: URL;
  status: number;
  contentType: string;
  body: string;
  authenticated: boolean; // the call carried credentials
}

/** Names what went wrong and what to do, from the status and whatever body came with it. */
export function explain(refusal: Refusal): MlflowFailure {
  const { code, reason } = readBody(refusal);
  const { verb, status } = refusal;
  return { verb, url: publicUrl(refusal.url), status, code, reason, remedy: remedyFor(refusal, code) };
}

/** The URL without user, password and query: what may be shown. */
export function publicUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function readBody({ body, contentType, status }: Refusal): { code?: string | undefined; reason: string } {
  const trimmed = body.trim();
  if (contentType.includes("json") || trimmed.startsWith("{")) {
    const parsed = ErrorBody.safeParse(parseJson(trimmed));
    if (parsed.success && (parsed.data.message || parsed.data.error_code)) {
      return { code: parsed.data.error_code, reason: shorten(parsed.data.message ?? "no message") };
    }
  }
  if (contentType.includes("html") || trimmed.startsWith("<")) {
    const title = /<title[^>]*>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim();
    return { reason: `an HTML page came back${title ? ` ("${shorten(title)}")` : ""}, not MLflow's JSON` };
  }
  return { reason: trimmed ? shorten(trimmed) : `an empty answer with status ${status}` };
}

function remedyFor({ status, url, body, authenticated }: Refusal, code: string | undefined): string | undefined {
  if (status === 403 && body.includes("Invalid Host header")) {
    const hosts = [...new Set([url.hostname, url.host, "localhost", "localhost:*", "127.0.0.1", "127.0.0.1:*"])];
    return `MLflow does not know itself by the name ${url.host}: start it with MLFLOW_SERVER_ALLOWED_HOSTS="${hosts.join(",")}"`;
  }
  if (status === 401 && authenticated) {
    return "The credentials were refused: check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
  }
  if (status === 401) {
    return "This MLflow wants credentials: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
  }
  if (status === 403) return "The user of these credentials lacks the permission: grant it in MLflow";
  if (status >= 300 && status < 400)
    return "A redirect: name the final address in tracking.uri (a sign-in page cannot be used)";
  if (status === 404 && code === undefined)
    return "Is tracking.uri the address of an MLflow tracking server (2.9 or newer)?";
  if (status === 413) return "Raise the body size limit of the proxy before MLflow";
  if (status === 429) return "MLflow or its proxy limits the rate of calls: try again later";
  if (status >= 500) return "MLflow's own log tells more";
  return undefined;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
