import { z } from "zod";
import { Double, Int64, Pairs } from "./wire.ts";

export const RunStatus = z.enum(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]);
export type RunStatus = z.infer<typeof RunStatus>;

/** One measured value. `timestamp` in milliseconds since 1970; key, timestamp, step and value together are its identity in MLflow. */
export interface MetricPoint {
  key: string;
  value: number;
  timestamp: number;
  step: number;
}

/** What data a run saw. */
export interface DatasetInput {
  name: string;
  digest: string; // at most 36 characters
  sourceType: string; // local, s3, ...
  source: string; // JSON or a URI
  schema?: string | undefined; // JSON
  profile?: string | undefined; // JSON: rows, classes, ...
  context?: string | undefined; // training, validation, evaluation
}

const StoredDataset = z
  .looseObject({
    tags: Pairs,
    dataset: z.looseObject({
      name: z.string(),
      digest: z.string(),
      source_type: z.string(),
      source: z.string(),
      schema: z.string().optional(),
      profile: z.string().optional(),
    }),
  })
  .transform(
    ({ tags, dataset: { name, digest, source_type, source, schema, profile } }): DatasetInput => ({
      ...{ name, digest, sourceType: source_type, source, schema, profile },
      context: tags["mlflow.data.context"],
    }),
  );

/** A run as MLflow tells it. Times in milliseconds since 1970. */
export const Run = z
  .looseObject({
    info: z.looseObject({
      run_id: z.string(),
      run_name: z.string().default(""),
      experiment_id: z.string(),
      status: RunStatus,
      start_time: Int64.optional(),
      end_time: Int64.optional(),
      artifact_uri: z.string(),
      lifecycle_stage: z.string().optional(),
    }),
    data: z
      .looseObject({
        metrics: z.array(z.looseObject({ key: z.string(), value: Double })).default([]),
        params: Pairs,
        tags: Pairs,
      })
      .prefault({}),
    inputs: z.looseObject({ dataset_inputs: z.array(StoredDataset).default([]) }).prefault({}),
  })
  .transform(({ info, data, inputs }) => ({
    runId: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    status: info.status,
    startTime: info.start_time,
    endTime: info.end_time,
    artifactUri: info.artifact_uri,
    deleted: info.lifecycle_stage === "deleted",
    metrics: Object.fromEntries(data.metrics.map(({ key, value }) => [key, value])) as Record<string, number>, // latest
    params: data.params,
    tags: data.tags,
    datasets: inputs.dataset_inputs,
  }));
export type Run = z.infer<typeof Run>;
