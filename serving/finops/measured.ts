import { BadInputError } from "#config/bad-input.ts";
import type { Profile } from "./costs.ts";

/**
 * CPU time of a prediction by what a server has measured of itself since the first: all that it did, sockets, probes and
 * logs too, by the predictions it made. The time that each request is told in its header is only its own part.
 * @throws BadInputError when nothing was predicted yet, or no model server answers.
 */
export async function measuredProfile(url: string): Promise<Profile & { readonly predictions: number }> {
  const response = await fetch(`${url}/metrics`).catch((cause) => {
    throw new BadInputError(`can't reach ${url}/metrics: ${cause.cause?.message ?? cause.message}`, { cause });
  });
  const text = response.ok ? await response.text() : "";
  const sum = figureOf(text, "serving_cpu_seconds_total");
  const predictions = figureOf(text, "predict_cpu_seconds_count");
  if (!(predictions > 0)) {
    throw new BadInputError(`${url}/metrics (${response.status}) tells of no prediction: npm run loadtest makes some`);
  }
  return { cpuMs: (1000 * sum) / predictions, predictions };
}

function figureOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}
