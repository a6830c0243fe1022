import { z } from "zod";
import { Config } from "#config/schema.ts";

type Json = z.core.JSONSchema.BaseSchema;
const draft = "https://json-schema.org/draft/2020-12/schema";

/** The JSON Schemas by which editors check and complete the YAML files of `config`, by file name. Made from the zod schema, so they never differ from it. */
export function jsonSchemas(): Record<"environment.json" | "model.json", Json> {
  const settings = z.toJSONSchema(Config.omit({ env: true, model: true }), { io: "input" });
  const environments = {
    description: "What differs in single environments",
    type: "object" as const,
    additionalProperties: { $ref: "environment.json" },
  };
  return {
    "environment.json": {
      $schema: draft,
      title: "What holds in one environment, for every model",
      ...partial(settings),
    },
    "model.json": {
      ...settings,
      title: "A model: its data, architecture, training, gate and serving",
      properties: { ...settings.properties, environments },
    },
  };
}

// mappings are merged key by key, so every key may be absent; lists are replaced, so their items stay whole
function partial({ required: _, oneOf, anyOf, properties, additionalProperties, $schema: __, ...rest }: Json): Json {
  const variants = oneOf ?? anyOf;
  return {
    ...rest,
    ...(variants && { anyOf: variants.map((variant) => partial(variant)) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, schema]) => [key, typeof schema === "object" ? partial(schema) : schema]),
      ),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "object" ? partial(additionalProperties) : additionalProperties,
    }),
  };
}
