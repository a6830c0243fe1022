import type { FastifyInstance, FastifyRequest, RouteShorthandOptionsWithHandler } from "fastify";
import type { RequestFormat } from "#serving/formats/format.ts";
import { lineageSchema } from "#serving/lineage.ts";
import type { Model, Served } from "#serving/load.ts";
import { type Answer, type Prediction, usageHeaders } from "#serving/prediction.ts";
import { problems } from "#serving/problem.ts";

interface Options {
  readonly served: Served;
  readonly prediction: Prediction;
  readonly bodyLimitBytes: number;
}

/** `POST /predict`: one input in the model's own format to its class and the probabilities of all classes. */
export function predictRoute(app: FastifyInstance, options: Options): void {
  const { served, prediction } = options;
  app.post("/predict", {
    ...(served.kind === "model" ? answering(served, options) : refusing()),
    ...prediction.hooks,
  });
}

function answering(model: Model, { prediction, bodyLimitBytes }: Options): RouteShorthandOptionsWithHandler {
  const { classes, format, lineage } = model;
  const { name, version, digest } = lineage;
  const origin = { name, version, digest };
  const blank: Record<string, number | undefined> = Object.fromEntries(classes.map((each) => [each, 0]));
  const told = ({ probabilities, best }: Answer) => {
    const byClass = { ...blank }; // filled in, since objects of a known shape are made and read many times faster
    for (const [at, each] of classes.entries()) byClass[each] = probabilities[at];
    return { class: classes[best], probabilities: byClass, model: origin };
  };
  return {
    schema: { ...description, body: bodySchema(format), response: { 200: answersSchema(model), ...faults } },
    bodyLimit: Math.min(bodyLimitBytes, format.bodyLimitBytes),
    handler(request, reply) {
      const list = format.encodeList?.(request.body);
      if (list) {
        return Promise.all(list.map(async (input) => told(await prediction.ask(model, input, { request }))));
      }
      const answer = prediction.ask(model, inputOf(request, format), { request });
      if (answer instanceof Promise) return answer.then(told);
      reply.send(told(answer)); // without a promise, which would cost more than the answer
      return undefined;
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

const description = { summary: "The class of one input", tags: ["prediction"] };

const faults = problems({
  400: "The body is empty, not JSON or not fit to be exchanged as JSON",
  401: "A token is needed, and this is not it",
  413: "The body is larger than any input of this model",
  415: "The body is of a media type that is not listed",
  422: "The body is not an input of this model: `errors` has each field and reason",
  500: "The server failed: its log has more under the request id",
  503: "There is no model now, or it is asked too much: `Retry-After` says when to ask again",
});

const { name, version, digest } = lineageSchema.properties;

/** An answer, or a list of them where the body may be a list of inputs. */
function answersSchema({ classes, format }: Model): object {
  const { description, headers, ...one } = answerSchema(classes);
  if (!format.encodeList) return { description, headers, ...one };
  return { description, headers, anyOf: [one, { type: "array", items: one }] };
}

function answerSchema(classes: readonly string[]) {
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
