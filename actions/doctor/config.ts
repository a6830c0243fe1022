import { BadInputError } from "#config/bad-input.ts";
import { listModels, loadConfig } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import { type Finding, findingsAbout } from "./finding.ts";

/** Where configuration comes from. */
export interface ConfigPlace {
  root: string;
  env: string;
  set: readonly string[];
  variables: Readonly<Record<string, string | undefined>>;
}

/** The configuration of every model, and what is wrong with those that can't be had. */
export async function loadConfigs(place: ConfigPlace): Promise<{ configs: Config[]; findings: Finding[] }> {
  const about = findingsAbout("configuration");
  const models = await listModels(place.root);
  if (models.length === 0) {
    const remedy = "name the folder of the models' repository (root); each model is a file config/models/MODEL.yaml";
    return { configs: [], findings: [about.problem(`${place.root} holds no model`, remedy)] };
  }
  const loaded = await Promise.allSettled(models.map((model) => loadConfig({ ...place, model })));
  const configs = loaded.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const reasons = loaded.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const stranger = reasons.find((reason) => !(reason instanceof BadInputError));
  if (stranger) throw stranger;
  const messages = new Set(reasons.map((reason: BadInputError) => reason.message));
  const findings = [...messages].map((message) => about.problem(message, "mend what is listed"));
  if (findings.length === 0) findings.push(about.ok(`${models.join(", ")} in ${place.env}`));
  return { configs, findings };
}
