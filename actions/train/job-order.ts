import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listEnvironments } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import { contentHash } from "#training/content-hash.ts";
import { dataManifest } from "#training/data/manifest.ts";
import { checkpointContent } from "#training/pretrained/files.ts";
import type { SweepPlan } from "#training/sweep/open.ts";
import type { JobOrder } from "./job.ts";

export interface OrderParts {
  root: string; // of the models' repository
  codeRoot: string; // of Slipway, whose training code is in the image
  config: Config;
  set: readonly string[];
  sweep: SweepPlan | undefined; // of which the Job is to train the trials
  image: string;
  gitSha: string | undefined;
  signal?: AbortSignal | undefined;
  info: (line: string) => void;
}

/** All that a training Job of this very content is made of. */
export async function orderOf(parts: OrderParts): Promise<Omit<JobOrder, "attempt">> {
  const { root, config, sweep, set, image, gitSha } = parts;
  const environments = await listEnvironments(root); // a model's file may have a block of each
  const names = [...environments.map((env) => `${env}.yaml`), `models/${config.model}.yaml`];
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(root, "config", name), "utf8")]),
  );
  const content = sweep ? sweepContent(sweep) : { contentHash: await trainingContent(parts) };
  return { config, ...content, image, gitSha, set, files: Object.fromEntries(texts) };
}

async function trainingContent({ root, codeRoot, config, signal, info }: OrderParts): Promise<Digest> {
  const manifest = await dataManifest(config.data, { root, signal, info });
  const files = [...manifest, ...(await checkpointContent(config, root))];
  return (await contentHash({ codeRoot, config, files })).hash;
}

function sweepContent({ hash, trials, sweep: { parallelism = trials.length } }: SweepPlan) {
  return { contentHash: hash, sweep: { trials: trials.length, parallelism } };
}
