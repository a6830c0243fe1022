import type { FastifyInstance } from "fastify";
import type { Model } from "#serving/load.ts";
import type { Prediction, Wish } from "#serving/prediction.ts";
import { inferAnswerSchema, inferBodySchema, inferFailures } from "./infer-schema.ts";
import { assertServed, type Names, paramsOf } from "./named-model.ts";
import { outputNames } from "./schema.ts";
import { type InputTensor, rowsOf } from "./tensor-rows.ts";

/** A body that `inferBodySchema` has accepted. */
interface InferRequest {
  readonly id?: string;
  readonly parameters?: { readonly priority?: number; readonly timeout?: number };
  readonly inputs: readonly [InputTensor];
  readonly outputs?: readonly { readonly name: (typeof outputNames)[number] }[];
}

const bodyLimitBytes = 16 * 2 ** 20;

/** `POST .../infer`: rows of inputs to rows of probabilities. Every row is asked by itself, so that batches mix requests. */
export function inferRoute(
  v2: FastifyInstance,
  path: string,
  { model, prediction }: { model: Model; prediction: Prediction },
): void {
  const { classes, format, lineage } = model;
  v2.post(
    path,
    {
      ...prediction.hooks,
      bodyLimit: Math.min(bodyLimitBytes, 64 * format.bodyLimitBytes),
      schema: {
        summary: "Probabilities and classes of rows of inputs",
        tags: ["open inference protocol"],
        params: paramsOf(path),
        body: inferBodySchema(format.tensor),
        response: { 200: inferAnswerSchema, ...inferFailures },
      },
    },
    async (request) => {
      assertServed(model, request.params as Names);
      const { id, parameters, inputs, outputs } = request.body as InferRequest;
      const rows = rowsOf(inputs[0], format.tensor);
      const wish: Wish = {
        ...(parameters?.priority !== undefined && { priority: parameters.priority }),
        ...(parameters?.timeout !== undefined && { timeoutMs: parameters.timeout / 1000 }),
      };
      const answers = await Promise.all(rows.map(async (row) => await prediction.ask(model, row, { request, wish })));
      const tensors = {
        probabilities: {
          datatype: "FP32",
          shape: [rows.length, classes.length],
          data: answers.flatMap(({ probabilities }) => [...probabilities]),
        },
        class: { datatype: "BYTES", shape: [rows.length], data: answers.map(({ best }) => classes[best]) },
      };
      const wanted = outputs?.map(({ name }) => name) ?? outputNames;
      return {
        model_name: lineage.name,
        model_version: lineage.version,
        ...(id !== undefined && { id }),
        outputs: wanted.map((name) => ({ name, ...tensors[name] })),
      };
    },
  );
}
