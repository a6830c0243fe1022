import type { Feature } from "#config/schema.ts";
import type { RequestFormat } from "./format.ts";

/** A row of a table: an object with every feature as a number within its bounds. `example` is one row, in order. */
export function featuresFormat(features: readonly Feature[], example: readonly number[]): RequestFormat {
  const names = features.map((feature) => feature.name);
  return {
    schema: {
      type: "object",
      description: "One row of the model's inputs",
      additionalProperties: false,
      required: names,
      properties: Object.fromEntries(features.map((feature) => [feature.name, numberSchema(feature)])),
      examples: [Object.fromEntries(names.map((name, at) => [name, example[at]]))],
    },
    bodyLimitBytes: 65_536 + 64 * names.length,
    encode: (body) => {
      const row = body as Record<string, number>;
      const values = new Float32Array(names.length);
      for (let at = 0; at < names.length; at++) values[at] = row[names[at] ?? ""] ?? Number.NaN;
      return values;
    },
    tensor: {
      datatype: "FP32",
      shape: [names.length],
      fault(values) {
        const at = features.findIndex((feature, column) => !isWithin(values[column] ?? Number.NaN, boundsOf(feature)));
        const feature = features[at];
        if (!feature) return undefined;
        const { minimum, maximum } = boundsOf(feature);
        return `${feature.name} is ${values[at]}, where ${minimum} to ${maximum} is expected`;
      },
    },
  };
}

/** Beyond float32 the model would see an infinity. */
const largest = 3.4028234663852886e38;

function boundsOf({ minimum = -largest, maximum = largest }: Feature): { minimum: number; maximum: number } {
  return { minimum, maximum };
}

function isWithin(value: number, { minimum, maximum }: { minimum: number; maximum: number }): boolean {
  return value >= minimum && value <= maximum;
}

function numberSchema(feature: Feature): object {
  return {
    type: "number",
    ...(feature.unit === undefined ? {} : { description: `in ${feature.unit}` }),
    ...boundsOf(feature),
  };
}
