import { Config } from "#config/schema.ts";

/** The configuration of a model in dev, with these keys set. */
export function doctorConfig(keys: Readonly<Record<string, unknown>> = {}): Config {
  const data = { format: "table", path: "iris.csv", features: [{ name: "petal_length" }], label: "species" };
  return Config.parse({ env: "dev", model: "iris", data, ...keys });
}
