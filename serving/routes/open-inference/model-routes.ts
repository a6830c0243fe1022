import type { FastifyInstance } from "fastify";
import { UnavailableError } from "#serving/engine/engine.ts";
import type { Lifecycle } from "#serving/lifecycle.ts";
import type { Model, Served } from "#serving/load.ts";
import { assertServed, type Names, notFound, paramsOf } from "./named-model.ts";
import { inputName, modelFailures, outputNames, platform, tensorSchema } from "./schema.ts";

/** What the model at `path` takes and gives, and whether it is ready. */
export function modelRoutes(
  v2: FastifyInstance,
  path: string,
  { served, lifecycle }: { served: Served; lifecycle: Lifecycle },
): void {
  const params = paramsOf(path);
  v2.get(
    path,
    {
      schema: {
        summary: "The model's inputs and outputs",
        tags: ["open inference protocol"],
        params,
        response: { 200: metadataSchema, ...modelFailures },
      },
    },
    async (request) => {
      assertServed(served, request.params as Names);
      if (served.kind === "broken") throw notFound(served.reason);
      return metadataOf(served);
    },
  );
  v2.get(
    `${path}/ready`,
    {
      schema: {
        summary: "Whether the model is ready",
        tags: ["open inference protocol"],
        params,
        response: {
          200: {
            description: "It is",
            type: "object",
            required: ["name", "ready"],
            properties: { name: { type: "string" }, ready: { type: "boolean" } },
          },
          ...modelFailures,
        },
      },
    },
    async (request) => {
      assertServed(served, request.params as Names);
      const readiness = lifecycle.readiness();
      if (readiness.kind === "ready") return { name: served.lineage.name, ready: true };
      throw new UnavailableError(readiness.reason);
    },
  );
}

function metadataOf({ lineage, classes, format }: Model): object {
  const { datatype, shape } = format.tensor;
  return {
    name: lineage.name,
    versions: [lineage.version],
    platform,
    inputs: [{ name: inputName, datatype, shape: [-1, ...shape] }],
    outputs: [
      { name: outputNames[0], datatype: "FP32", shape: [-1, classes.length] },
      { name: outputNames[1], datatype: "BYTES", shape: [-1] },
    ],
  };
}

const metadataSchema = {
  description: "Its name, version, and the tensors it takes and gives",
  type: "object",
  required: ["name", "versions", "platform", "inputs", "outputs"],
  properties: {
    name: { type: "string" },
    versions: { type: "array", items: { type: "string" } },
    platform: { type: "string" },
    inputs: { type: "array", items: tensorSchema },
    outputs: { type: "array", items: tensorSchema },
  },
};
