import { z } from "zod";
import { createApi } from "./api.ts";
import type { Http } from "./http.ts";
import { checkKey, checkLength, limits } from "./limits.ts";
import { type DatasetInput, type MetricPoint, Run, RunStatus } from "./run.ts";
import { Anything, Double, Int64, toDouble, toPairs } from "./wire.ts";

const RunAnswer = z.looseObject({ run: Run });
const History = z.looseObject({
  metrics: z
    .array(z.looseObject({ key: z.string(), value: Double, timestamp: Int64, step: Int64.default(0) }))
    .default([]),
  next_page_token: z.string().optional(),
});

/** Runs and what is logged to them. */
export function createRuns(http: Http) {
  const api = createApi(http);
  return {
    async createRun(run: {
      experimentId: string;
      runName?: string | undefined;
      startTime?: number | undefined;
      tags?: Readonly<Record<string, string>> | undefined;
    }): Promise<Run> {
      const json = {
        experiment_id: run.experimentId,
        run_name: run.runName,
        start_time: run.startTime ?? Date.now(),
        tags: toPairs(checkTags(run.tags ?? {})),
      };
      return (await api.postOnce("/runs/create", json, RunAnswer)).run;
    },

    async getRun(runId: string): Promise<Run> {
      return (await api.get("/runs/get", { run_id: runId }, RunAnswer)).run;
    },

    /** The first `maxResults` active runs that match MLflow's filter language. */
    async searchRuns(search: {
      experimentIds: readonly string[];
      filter?: string;
      orderBy?: readonly string[];
      maxResults?: number;
    }): Promise<Run[]> {
      const { experimentIds, filter, orderBy, maxResults = 100 } = search;
      const json = { experiment_ids: experimentIds, filter, order_by: orderBy, max_results: maxResults };
      return (await api.post("/runs/search", json, z.looseObject({ runs: z.array(Run).default([]) }))).runs;
    },

    async updateRun(runId: string, change: { status?: RunStatus; endTime?: number; runName?: string }): Promise<void> {
      const status = change.status === undefined ? undefined : RunStatus.parse(change.status);
      const json = { run_id: runId, status, end_time: change.endTime, run_name: change.runName };
      await api.post("/runs/update", json, Anything);
    },

    /** Logs what fits one call (see `limits`); saying the same twice changes nothing. */
    async logBatch(
      runId: string,
      batch: {
        metrics?: readonly MetricPoint[];
        params?: Readonly<Record<string, string>>;
        tags?: Readonly<Record<string, string>>;
      },
    ): Promise<void> {
      const { metrics = [], params = {}, tags = {} } = batch;
      for (const point of metrics) checkKey("metric", point.key);
      const json = {
        run_id: runId,
        metrics: metrics.map(({ key, value, timestamp, step }) => ({ key, value: toDouble(value), timestamp, step })),
        params: toPairs(checkParams(params)),
        tags: toPairs(checkTags(tags)),
      };
      checkBatch(metrics.length, json.params.length, json.tags.length);
      await api.post("/runs/log-batch", json, Anything);
    },

    async logInputs(runId: string, datasets: readonly DatasetInput[]): Promise<void> {
      const inputs = datasets.map(({ context, sourceType, ...dataset }) => {
        checkLength(`digest of dataset ${dataset.name}`, dataset.digest, limits.datasetDigestLength);
        const tags = context === undefined ? [] : [{ key: "mlflow.data.context", value: context }];
        return { tags, dataset: { ...dataset, source_type: sourceType } };
      });
      await api.post("/runs/log-inputs", { run_id: runId, datasets: inputs }, Anything);
    },

    /** Every point of one metric, in MLflow's order. */
    async metricHistory(runId: string, key: string): Promise<MetricPoint[]> {
      const points: MetricPoint[] = [];
      for (let page: string | undefined, more = true; more; more = page !== undefined && page !== "") {
        const query = { run_id: runId, metric_key: key, max_results: "25000", page_token: page };
        const answer = await api.get("/metrics/get-history", query, History);
        points.push(...answer.metrics.map(({ key, value, timestamp, step }) => ({ key, value, timestamp, step })));
        page = answer.next_page_token;
      }
      return points;
    },
  };
}

function checkParams(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(params))
    checkLength(`param ${checkKey("param", key)}`, value, limits.paramLength);
  return params;
}

function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) checkLength(`tag ${checkKey("tag", key)}`, value, limits.tagLength);
  return tags;
}

function checkBatch(metrics: number, params: number, tags: number): void {
  const fits =
    metrics <= limits.metricsPerBatch &&
    params <= limits.paramsPerBatch &&
    tags <= limits.tagsPerBatch &&
    metrics + params + tags <= limits.itemsPerBatch;
  if (!fits)
    throw new RangeError(
      `a batch of ${metrics} metrics, ${params} params, ${tags} tags is more than MLflow takes at once`,
    );
}
