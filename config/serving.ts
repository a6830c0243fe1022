import { parse, stringify } from "yaml";
import { z } from "zod";

/**
 * Requests that wait while the model computes go to it together. Knobs carry Triton's names and mean what they mean there
 * (model configuration, `dynamic_batching`). Tables are answered on the spot and know no queue.
 */
const DynamicBatching = z
  .strictObject({
    maxQueueDelayMicroseconds: z.int().nonnegative().default(0), // waited for a fuller batch, although the model is idle
    priorityLevels: z.int().positive().max(10).default(2), // 1 goes first
    defaultPriorityLevel: z.int().positive().default(2),
    defaultQueuePolicy: z
      .strictObject({
        defaultTimeoutMicroseconds: z.int().positive().default(2_000_000), // in the queue; then it is answered 503
        allowTimeoutOverride: z.boolean().default(true), // by a request that wants to wait less long
        maxQueueSize: z.int().positive().default(1024), // requests
        maxQueueMs: z.int().positive().default(750), // of work by the speed measured last; more is answered 503 at once
      })
      .prefault({}),
  })
  .refine(({ defaultPriorityLevel, priorityLevels }) => defaultPriorityLevel <= priorityLevels, {
    error: "defaultPriorityLevel must be one of the priorityLevels",
  });

/** How a model is served. */
export const Serving = z.strictObject({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(8000),
  bodyLimitBytes: z.int().positive().default(1_048_576),
  requestTimeoutMs: z.int().positive().default(10_000), // for all of a request to arrive
  maxBatchSize: z.int().positive().max(1024).default(64),
  dynamicBatching: DynamicBatching.prefault({}),
  executionTimeoutMs: z.int().positive().default(30_000), // of a batch; the model's process is ended and started again
});

/** What of it an image carries, whose container decides on its own where to listen. */
const Settings = Serving.omit({ host: true, port: true });

/** These settings of a model's configuration. */
export function settingsOf(serving: Serving): z.infer<typeof Settings> {
  const { host: _host, port: _port, ...settings } = serving;
  return settings;
}

/** These settings on one line of YAML, without quotes, so that it can be a value of whatever passes it on. */
export function settingsText(serving: Serving): string {
  return stringify(settingsOf(serving), { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trim();
}

/** Reads them, of YAML or JSON; what is left out has its default. */
export const SettingsText = z
  .string()
  .transform((text, context) => {
    try {
      return parse(text, { maxAliasCount: 0 }) as unknown;
    } catch (error) {
      context.addIssue({ code: "custom", message: `is not YAML: ${error instanceof Error ? error.message : error}` });
      return z.NEVER;
    }
  })
  .pipe(Settings);

export type DynamicBatching = z.infer<typeof DynamicBatching>;
export type Serving = z.infer<typeof Serving>;
