import type { Config } from "#config/schema.ts";

type Value = string | number | boolean;

/**
 * What a run's params are called: what `mlflow.tensorflow.autolog` logs of a Keras `fit` (`epochs`, `batch_size`,
 * `opt_name`, `opt_learning_rate`, and of its EarlyStopping `monitor`, `patience`, `restore_best_weights`), the plain
 * names `optimizer` and `learning_rate` that people search for, and the configuration under its own keys joined with dots,
 * lists as JSON; without `sweep`, which no training reads.
 */
export function paramsOf({ sweep: _, ...config }: Config): Record<string, Value> {
  const { epochs, batchSize, optimizer, learningRate, patience } = config.training;
  return {
    ...flatten(config),
    epochs,
    batch_size: batchSize,
    optimizer,
    learning_rate: learningRate,
    opt_name: optimizer,
    opt_learning_rate: learningRate,
    monitor: "val_loss",
    patience,
    restore_best_weights: true,
  };
}

/** Nested values by keys joined with dots. Credentials in URLs are left out, and so is what is `undefined`. */
export function flatten(value: object, prefix = ""): Record<string, Value> {
  const flat: Record<string, Value> = {};
  for (const [key, child] of Object.entries(value)) {
    const name = prefix + key.replace(/[^\p{L}\p{N}_.\- :]/gu, "_"); // MLflow's names; a slice may be called anything
    if (child === undefined) continue;
    if (typeof child === "string") flat[name] = withoutCredentials(child);
    else if (typeof child === "number" || typeof child === "boolean") flat[name] = child;
    else if (child === null || Array.isArray(child)) flat[name] = JSON.stringify(child);
    else Object.assign(flat, flatten(child, `${name}.`));
  }
  return flat;
}

function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, "$1");
}
