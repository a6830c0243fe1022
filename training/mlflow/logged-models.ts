import { z } from "zod";
import { createApi } from "./api.ts";
import { MlflowError } from "./errors.ts";
import type { Http } from "./http.ts";
import { Anything, Pairs, toPairs } from "./wire.ts";

/** A model as an entity of its own, beside the run that made it (MLflow 3). */
export const LoggedModel = z
  .looseObject({
    model: z.looseObject({
      info: z.looseObject({
        model_id: z.string(),
        experiment_id: z.string(),
        name: z.string(),
        artifact_uri: z.string(),
        status: z.union([z.string(), z.int()]),
        source_run_id: z.string().optional(),
        tags: Pairs,
      }),
    }),
  })
  .transform(({ model: { info } }) => ({
    modelId: info.model_id,
    experimentId: info.experiment_id,
    name: info.name,
    artifactUri: info.artifact_uri,
    status: String(info.status),
    sourceRunId: info.source_run_id,
    tags: info.tags,
  }));
export type LoggedModel = z.infer<typeof LoggedModel>;

/** Logged models: create, upload the files to `artifactUri`, finalize, add to the run's outputs. */
export function createLoggedModels(http: Http) {
  const api = createApi(http);
  return {
    async createLoggedModel(model: {
      experimentId: string;
      name: string;
      sourceRunId?: string | undefined;
      modelType?: string | undefined;
      params?: Readonly<Record<string, string>> | undefined;
      tags?: Readonly<Record<string, string>> | undefined;
    }): Promise<LoggedModel> {
      const json = {
        experiment_id: model.experimentId,
        name: model.name,
        model_type: model.modelType ?? "",
        source_run_id: model.sourceRunId,
        params: toPairs(model.params ?? {}),
        tags: toPairs(model.tags ?? {}),
      };
      return await api.postOnce("/logged-models", json, LoggedModel);
    },

    async getLoggedModel(modelId: string): Promise<LoggedModel> {
      return await api.get(`/logged-models/${encodeURIComponent(modelId)}`, {}, LoggedModel);
    },

    /** Says that every file of the model is there, or that its upload failed. */
    async finalizeLoggedModel(
      modelId: string,
      status: "LOGGED_MODEL_READY" | "LOGGED_MODEL_UPLOAD_FAILED",
    ): Promise<void> {
      await api.patch(`/logged-models/${encodeURIComponent(modelId)}`, { model_id: modelId, status }, Anything);
    },

    /** Shows the models as outputs of the run; one that is shown already stays as it is. */
    async addOutputs(runId: string, models: readonly { modelId: string; step?: number }[]): Promise<void> {
      for (const { modelId, step = 0 } of models) {
        try {
          await api.post("/runs/outputs", { run_id: runId, models: [{ model_id: modelId, step }] }, Anything);
        } catch (error) {
          if (!isShownAlready(error)) throw error;
        }
      }
    },
  };
}

// MLflow hands the database's own refusal on: SQLite's, PostgreSQL's or MySQL's
function isShownAlready(error: unknown): boolean {
  return error instanceof MlflowError && /unique constraint|duplicate entry/i.test(error.reason);
}
