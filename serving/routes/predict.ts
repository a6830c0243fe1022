import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptionsWithHandler } from "fastify";
import type { RequestFormat } from "#serving/formats/format.ts";
import type { Lifecycle } from "#serving/lifecycle.ts";
import { lineageSchema } from "#serving/lineage.ts";
import type { Served } from "#serving/load.ts";
import type { Metrics } from "#serving/metrics.ts";
import { problems, sendProblem } from "#serving/problem.ts";
import type { Usage, UsageMeter } from "#serving/usage.ts";

interface Options {
  readonly served: Served;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly meter: UsageMeter;
  readonly bodyLimitBytes: number;
}

/** `POST /predict`: one input in the model's own format to its class and the probabilities of all classes. */
export function predictRoute(app: FastifyInstance, options: Options): void {
  const { served, lifecycle, metrics, meter } = options;
  app.decorateRequest("started");
  app.decorateRequest("usage");
  app.post("/predict", {
    ...(served.kind === "model" ? answering(served, options) : refusing()),
    onRequest(request, reply, done) {
      request.started = meter.read();
      const reason = lifecycle.unavailable();
      if (reason === undefined) done();
      else sendProblem(reply.header("retry-after", "5"), { status: 503, detail: reason });
    },
    async onSend(request, reply) {
      if (!request.started) return;
      request.usage = meter.since(request.started);
      metrics.usage(request.usage);
      tellUsage(reply, request.usage);
    },
  });
}

function answering(model: Extract<Served, { kind: "model" }>, options: Options): RouteShorthandOptionsWithHandler {
  const { classes, engine, format, lineage } = model;
  const { name, version, digest } = lineage;
  return {
    schema: { ...description, body: bodySchema(format), response: { 200: answerSchema(classes), ...faults } },
    bodyLimit: Math.min(options.bodyLimitBytes, format.bodyLimitBytes),
    async handler(request) {
      const probabilities = await engine.predict(inputOf(request, format));
      const best = classes[probabilities.indexOf(Math.max(...probabilities))] ?? "";
      options.metrics.prediction(best);
      return {
        class: best,
        probabilities: Object.fromEntries(classes.map((each, at) => [each, probabilities[at]])),
        model: { name, version, digest },
      };
    },
  };
}

/** The body's schema for each media type; bytes are checked as they are decoded. */
function bodySchema({ schema, binary = {} }: RequestFormat): object {
  const bytes = Object.entries(binary).map(([type, { description }]) => [type, { schema: { description } }]);
  return { content: { "application/json": { schema }, ...Object.fromEntries(bytes) } };
}

function inputOf({ headers, body }: FastifyRequest, format: RequestFormat): Float32Array {
  if (body === undefined) throw Object.assign(new Error("the request has no body"), { statusCode: 400 });
  if (!Buffer.isBuffer(body)) return format.encode(body);
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = format.binary?.[type];
  if (!bytes) throw new Error(`a body of ${type} was read, which nothing decodes`);
  return bytes.decode(body);
}

/** Without a model nothing is known of its inputs; the request never comes past `onRequest`. */
function refusing(): RouteShorthandOptionsWithHandler {
  return { schema: { ...description, response: faults }, handler: async () => undefined };
}

function tellUsage(reply: FastifyReply, usage: Usage): void {
  reply.header("x-latency-ms", usage.latencyMs.toFixed(3));
  reply.header("x-memory-change-mb", (usage.memoryBytes / 2 ** 20).toFixed(3));
  reply.header("x-cpu-ms", usage.cpuMs.toFixed(3));
}

const description = { summary: "The class of one input", tags: ["prediction"] };

const faults = problems({
  400: "The body is empty, not JSON or not fit to be exchanged as JSON",
  413: "The body is larger than any input of this model",
  415: "The body is of a media type that is not listed",
  422: "The body is not an input of this model: `errors` has each field and reason",
  500: "The server failed: its log has more under the request id",
  503: "There is no model, or not yet: `Retry-After` says when to ask again",
});

const { name, version, digest } = lineageSchema.properties;

function answerSchema(classes: readonly string[]): object {
  return {
    description: "The likeliest class, and how likely each is",
    headers: usageHeaders,
    type: "object",
    required: ["class", "probabilities", "model"],
    properties: {
      class: { type: "string", enum: classes },
      probabilities: {
        type: "object",
        required: classes,
        properties: Object.fromEntries(classes.map((each) => [each, { type: "number", minimum: 0, maximum: 1 }])),
      },
      model: { type: "object", required: ["name", "version"], properties: { name, version, digest } },
    },
  };
}

const usageHeaders = {
  "x-latency-ms": { type: "string", description: "Milliseconds from the request's headers to its answer" },
  "x-memory-change-mb": {
    type: "string",
    description: "Change of the process's resident memory meanwhile, in units of 2^20 bytes",
  },
  "x-cpu-ms": {
    type: "string",
    description: "CPU milliseconds of the process meanwhile: the request's own, unless its body came in pieces",
  },
};
