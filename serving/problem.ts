import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply } from "fastify";
import { UnavailableError } from "./engine/engine.ts";
import { UnfitBodyError } from "./formats/format.ts";

/** One thing that is wrong with one part of a request. */
export interface Fault {
  readonly field: string; // a name in the body, dotted where it is nested; "body" for the whole
  readonly reason: string;
}

/** What went wrong, in the only shape an error is answered in (RFC 9457). */
export interface Problem {
  readonly type: "about:blank"; // the status says all there is to know of the kind
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string; // also in the server's log
  readonly errors?: readonly Fault[];
}

/** Media type of a `Problem`. */
export const problemType = "application/problem+json";

const problemSchema = {
  type: "object",
  required: ["type", "title", "status", "detail", "requestId"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    requestId: { type: "string", description: "Stands in the server's log too" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["field", "reason"],
        properties: { field: { type: "string" }, reason: { type: "string" } },
      },
    },
  },
} as const;

/** Response schemas of the named statuses. */
export function problems(described: Record<number, string>): Record<number, object> {
  return Object.fromEntries(
    Object.entries(described).map(([status, description]) => [
      status,
      { description, content: { [problemType]: { schema: problemSchema } } },
    ]),
  );
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, explained: Explained): FastifyReply {
  const { status, detail, errors, retryAfterSeconds } = explained;
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  const requestId = reply.request.id;
  const problem: Problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    requestId,
    ...(errors ? { errors } : {}),
  };
  return reply.code(status).type(problemType).send(problem);
}

/** A problem before it is tied to a request. */
export interface Explained {
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly retryAfterSeconds?: number;
}

/** What the client is told of an error: all about its own faults, nothing about ours. */
export function explain(error: FastifyError): Explained {
  if (error.validation) {
    const told = error.validation.filter(({ keyword }) => keyword !== "if"); // what its branch wants is told already
    const errors = told.slice(0, maxFaults).map(faultOf);
    return { status: 422, detail: errors.map(({ field, reason }) => `${field} ${reason}`).join("; "), errors };
  }
  if (error instanceof UnavailableError) {
    return { status: error.statusCode, detail: error.message, retryAfterSeconds: error.retryAfterSeconds };
  }
  const status = error.statusCode ?? 500;
  if (status < 400 || status >= 500) {
    return { status: 500, detail: "the server failed on this request; its log has more under the request id" };
  }
  if (error instanceof UnfitBodyError) {
    const fault = { field: "body", reason: error.message };
    return { status, detail: `${fault.field} ${fault.reason}`, errors: [fault] };
  }
  return { status, detail: details[error.code] ?? error.message };
}

const maxFaults = 20;

const details: Partial<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: "the body is empty: send JSON",
  FST_ERR_CTP_INVALID_JSON_BODY:
    "the body is not JSON, or has a key that no JSON here may have (__proto__, constructor)",
  FST_ERR_CTP_BODY_TOO_LARGE: "the body is larger than any input of this model",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "the body's content type is not one that is read here: /docs lists them",
};

function faultOf(error: NonNullable<FastifyError["validation"]>[number]): Fault {
  const path = error.instancePath.slice(1).split("/").map(unescapePointer).join(".");
  const within = (name: unknown) => printable([path, String(name)].filter(Boolean).join("."));
  switch (error.keyword) {
    case "required":
      return { field: within(error.params["missingProperty"]), reason: "is missing" };
    case "additionalProperties":
      return { field: within(error.params["additionalProperty"]), reason: "is not known to this model" };
    case "enum":
      return { field: printable(path), reason: `must be ${oneOf(error.params["allowedValues"] as unknown[])}` };
    default:
      return { field: printable(path) || "body", reason: error.message ?? "is not valid" };
  }
}

function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" or ");
}

function printable(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100).toWellFormed()}...` : text;
}

/** A segment of a JSON Pointer (RFC 6901) as the name it stands for. */
function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
