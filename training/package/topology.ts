import { z } from "zod";

// Numbers in, numbers out, all of it our own readers' code: no Lambda, no custom class, no nested model.
const layerClasses = [
  "InputLayer",
  "Dense",
  "Conv2D",
  "DepthwiseConv2D",
  "MaxPooling2D",
  "AveragePooling2D",
  "GlobalAveragePooling2D",
  "GlobalMaxPooling2D",
  "BatchNormalization",
  "Dropout",
  "Flatten",
  "Activation",
  "ReLU",
  "Softmax",
  "Add",
  "Concatenate",
  "ZeroPadding2D",
] as const;

const partClasses = new Set([
  ...["Zeros", "Ones", "Constant", "Identity", "Orthogonal", "VarianceScaling"],
  ...["RandomNormal", "RandomUniform", "TruncatedNormal"],
  ...["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LeCunNormal", "LeCunUniform"],
  "L1L2",
]);

const Layer = z.strictObject({
  class_name: z.enum(layerClasses, {
    error: (issue) => `the layer class ${JSON.stringify(issue.input)} is not allowed`,
  }),
  config: z.record(z.string(), z.json()).superRefine((config, context) => {
    for (const name of classNames(config)) {
      if (!partClasses.has(name))
        context.addIssue({ code: "custom", message: `the class ${JSON.stringify(name)} is not allowed` });
    }
  }),
  name: z.string().optional(),
  inbound_nodes: z.array(z.json()).optional(),
});
const layers = z.array(Layer).min(1).max(10_000);

const common = { keras_version: z.string(), backend: z.string() };

/** A layers model's configuration in Keras' JSON format, as tfjs writes it. */
export const Topology = z.discriminatedUnion("class_name", [
  z.strictObject({
    class_name: z.literal("Sequential"),
    config: z.strictObject({ name: z.string(), layers }),
    ...common,
  }),
  z.strictObject({
    class_name: z.enum(["Model", "Functional"]),
    config: z.strictObject({
      name: z.string(),
      layers,
      input_layers: z.array(z.json()),
      output_layers: z.array(z.json()),
    }),
    ...common,
  }),
]);
export type Topology = z.infer<typeof Topology>;

function classNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(classNames);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "class_name" ? [String(inner)] : classNames(inner)));
}
