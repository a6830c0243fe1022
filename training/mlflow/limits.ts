/**
 * What one call of MLflow's REST API takes; beyond it MLflow refuses, or cuts in silence.
 * Source: mlflow/utils/validation.py of MLflow 3.
 */
export const limits = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  itemsPerBatch: 1000,
  batchBytes: 1_000_000,
  keyLength: 250,
  paramLength: 6_000,
  tagLength: 8_000,
  registryTagLength: 100_000,
  datasetDigestLength: 36,
} as const;

const keyPattern = /^[/\p{L}\p{N}_.\- :]+$/u;

/** A name of a param, metric or tag that MLflow takes, as it is. Throws `RangeError` for any other. */
export function checkKey(kind: "param" | "metric" | "tag", key: string): string {
  const problem = problemOf(key);
  if (problem)
    throw new RangeError(`${kind} name ${JSON.stringify(key.slice(0, 80))} ${problem}; MLflow would refuse it`);
  return key;
}

/** A value no longer than MLflow keeps, as it is. Throws `RangeError` for a longer one. */
export function checkLength(what: string, value: string, maximum: number): string {
  if (characters(value) <= maximum) return value;
  throw new RangeError(
    `${what} has ${characters(value)} characters; MLflow keeps ${maximum}. Shorten it with truncate()`,
  );
}

/** `value` within `maximum` characters; what was cut off is said at its end. */
export function truncate(value: string, maximum: number): string {
  const points = [...value];
  if (points.length <= maximum) return value;
  const marker = `… [cut: ${points.length} characters]`;
  return points.slice(0, maximum - [...marker].length).join("") + marker;
}

function problemOf(key: string): string | undefined {
  if (key.length === 0) return "is empty";
  if (characters(key) > limits.keyLength) return `has ${characters(key)} characters, more than ${limits.keyLength}`;
  if (!keyPattern.test(key))
    return "may hold letters, digits, slashes, underscores, periods, dashes, colons and spaces only";
  const segments = key.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) return "is not a plain path";
  return undefined;
}

// Python counts code points where JavaScript counts UTF-16 units
function characters(text: string): number {
  return text.length <= limits.keyLength ? text.length : [...text].length;
}
