import { parse, stringify } from "yaml";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import { indexed, RetryPolicy, type SweepOrder } from "./indexed-job.ts";

/** A training Job to make a file of. */
export interface JobOrder {
  config: Config;
  contentHash: Digest; // of the training, or of the sweep
  sweep?: SweepOrder | undefined;
  attempt: number;
  image: string; // of training/Dockerfile, with everything of this checkout's training/
  gitSha: string | undefined; // the commit it is made for
  set: readonly string[]; // settings that the configuration was given, path=value
  files: Readonly<Record<string, string>>; // of config/, by their path in it
}

/** Where the pattern of every Job lies in the GitOps repository. */
export const patternPath = "manifests/training/base/job.yaml";

const longestName = 52; // of a Kubernetes name, less what is added for a pod
const priorityClasses = { low: "slipway-training-dev", high: "slipway-training-prod" } as const;
const work = "/work"; // the only folder of the container that is written to

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  resources: z.looseObject({ limits: z.record(z.string(), z.unknown()).default({}) }).prefault({}),
});
const Pattern = z.looseObject({
  kind: z.literal("Job"),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    ...RetryPolicy.shape,
    template: z.looseObject({
      metadata: z.looseObject({}).optional(),
      spec: z.looseObject({ containers: z.tuple([Container]), volumes: z.array(z.looseObject({ name: z.string() })) }),
    }),
  }),
});

/** The name of a training's Job: what it trains, and which attempt it is. */
export function jobName({
  model,
  contentHash,
  attempt,
}: {
  model: string;
  contentHash: Digest;
  attempt: number;
}): string {
  return `train-${model}-${contentHash.slice("sha256:".length, "sha256:".length + 16)}-${attempt}`;
}

/**
 * The file of a Job, out of its pattern: the Job whole, and its configuration as a ConfigMap that never changes. It is named by
 * its content, so the same training is the same file. Throws a `BadInputError` where the pattern or the configuration does not fit.
 */
export function renderJob(pattern: string, order: JobOrder): string {
  const { config, contentHash, attempt, image, gitSha } = order;
  const { model, env } = config;
  const name = jobName({ model, contentHash, attempt });
  if (name.length > longestName)
    throw new BadInputError(`model: ${model} is too long for a Job: ${name} has more than ${longestName} characters`);
  if (!config.models.uri.startsWith("s3://")) {
    throw new BadInputError(
      `models.uri: ${config.models.uri} is a folder of one machine; a Job needs a store that others reach, s3://`,
    );
  }
  const job = patternOf(pattern);
  const [container] = job.spec.template.spec.containers;
  const labels = {
    "app.kubernetes.io/name": "training",
    "app.kubernetes.io/instance": model,
    "app.kubernetes.io/part-of": "slipway",
    "slipway/environment": env,
  };
  const annotations = { "slipway/content-hash": contentHash, ...(gitSha && { "slipway/git-sha": gitSha }) };
  const items = Object.keys(order.files).map((path) => ({ key: keyOf(path), path }));
  const gpu = config.device === "gpu" ? { "nvidia.com/gpu": 1 } : {};
  const whole = {
    ...job,
    metadata: { ...job.metadata, name, labels, annotations },
    spec: {
      ...(order.sweep ? indexed(job.spec, order.sweep) : job.spec),
      template: {
        ...job.spec.template,
        metadata: { ...job.spec.template.metadata, labels },
        spec: {
          ...job.spec.template.spec,
          priorityClassName: priorityClasses[config.priority],
          containers: [
            {
              ...container,
              image,
              args: argumentsOf(order),
              resources: { ...container.resources, limits: { ...container.resources.limits, ...gpu } },
            },
          ],
          volumes: job.spec.template.spec.volumes.map((volume) =>
            volume.name === "configuration" ? { name: volume.name, configMap: { name, items } } : volume,
          ),
        },
      },
    },
  };
  const configuration = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels },
    immutable: true,
    data: Object.fromEntries(Object.entries(order.files).map(([path, text]) => [keyOf(path), text])),
  };
  const about = `# Made of ${patternPath} by the train step, which removes it once its candidate was read\n`;
  return `${about}${stringify(configuration)}---\n${stringify(whole)}`;
}

// a ConfigMap's keys have no slash
function keyOf(path: string): string {
  return path.replaceAll("/", ".");
}

function argumentsOf({ config, contentHash, sweep, gitSha, set }: JobOrder): string[] {
  const { root } = config.data;
  const local = root.includes("://") ? [] : [`data.root=${work}/data`]; // brought there: a sample, or a download
  const settings = [...set, ...local].flatMap((setting) => ["--set", setting]);
  const commit = gitSha === undefined ? [] : ["--git-sha", gitSha];
  const names = ["--env", config.env, "--model", config.model, "--root", "/repository"];
  const trial = sweep ? ["--trial-index", "$(JOB_COMPLETION_INDEX)"] : []; // Kubernetes puts it in
  return [...names, "--content-hash", contentHash, ...trial, ...commit, ...settings];
}

function patternOf(text: string): z.infer<typeof Pattern> {
  const parsed = Pattern.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new BadInputError(`${patternPath}: is no pattern of a training Job:\n${z.prettifyError(parsed.error)}`);
}
