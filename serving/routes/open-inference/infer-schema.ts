import type { TensorFormat } from "#serving/formats/format.ts";
import { usageHeaders } from "#serving/prediction.ts";
import { failures, inputName, modelFailures, outputNames, tensorSchema } from "./schema.ts";
import { mostRows } from "./tensor-rows.ts";

/** What `infer` is sent. */
export function inferBodySchema({ datatype, shape }: TensorFormat): object {
  return {
    type: "object",
    required: ["inputs"],
    properties: {
      id: { type: "string", maxLength: 200 },
      parameters: {
        type: "object",
        description: "Triton's schedule policy: priority (1 goes first) and timeout (microseconds in the queue)",
        properties: { priority: { type: "integer", minimum: 1 }, timeout: { type: "integer", minimum: 1 } },
      },
      inputs: {
        type: "array",
        minItems: 1,
        maxItems: 1,
        items: {
          type: "object",
          required: ["name", "shape", "datatype", "data"],
          properties: {
            name: { type: "string", enum: [inputName] },
            shape: {
              type: "array",
              description: `[${["rows", ...shape].join(", ")}], at most ${mostRows} rows`,
              minItems: shape.length + 1,
              maxItems: shape.length + 1,
              items: { type: "integer", minimum: 1 },
            },
            datatype: { type: "string", enum: [datatype] },
            data: {
              type: "array",
              description: datatype === "BYTES" ? "Texts" : "Numbers row by row, nested as the shape is or flat",
            },
          },
        },
      },
      outputs: {
        type: "array",
        minItems: 1,
        maxItems: outputNames.length,
        items: { type: "object", required: ["name"], properties: { name: { type: "string", enum: outputNames } } },
      },
    },
  };
}

/** How `infer` may fail. */
export const inferFailures = {
  ...modelFailures,
  ...failures({
    413: "The body is larger than is read",
    415: "The body is not JSON",
    500: "The server failed: its log has more",
  }),
};

/** What `infer` answers. */
export const inferAnswerSchema = {
  description: "The wanted output tensors",
  headers: usageHeaders,
  type: "object",
  required: ["model_name", "outputs"],
  properties: {
    model_name: { type: "string" },
    model_version: { type: "string" },
    id: { type: "string" },
    outputs: {
      type: "array",
      items: {
        ...tensorSchema,
        required: [...tensorSchema.required, "data"],
        properties: { ...tensorSchema.properties, data: { type: "array", items: {} } },
      },
    },
  },
};
