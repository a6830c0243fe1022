import type { Topology } from "./topology.ts";

type Json = ReturnType<typeof JSON.parse>;

/**
 * The topology as `model_config` of a Keras .h5: tfjs writes Keras' own JSON but for an input that Sequential leaves
 * implicit and an initializer's distribution of an older name.
 */
export function kerasConfig(topology: Topology): string {
  const { class_name, config }: Json = JSON.parse(JSON.stringify(topology), (_key, value) =>
    value?.class_name === "VarianceScaling" && value.config.distribution === "normal"
      ? { ...value, config: { ...value.config, distribution: "truncated_normal" } }
      : value,
  );
  const [first] = config.layers;
  if (class_name !== "Sequential" || first.class_name === "InputLayer") {
    return JSON.stringify({ class_name: class_name === "Model" ? "Functional" : class_name, config });
  }
  const { batch_input_shape, ...rest } = first.config;
  const input = {
    class_name: "InputLayer",
    config: { batch_input_shape, dtype: "float32", sparse: false, name: `${rest.name}_input` },
  };
  const layers = [input, { ...first, config: rest }, ...config.layers.slice(1)];
  return JSON.stringify({ class_name, config: { ...config, layers } });
}
