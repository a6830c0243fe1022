import { z } from "zod";
import { createApi } from "./api.ts";
import { isMissing, MlflowError, orMissing } from "./errors.ts";
import type { Http } from "./http.ts";
import { Anything, Int64, Pairs, toPairs } from "./wire.ts";

export const Stage = z.enum(["None", "Staging", "Production", "Archived"]);
export type Stage = z.infer<typeof Stage>;

/** A registered model; `aliases` maps an alias to a version. */
export const RegisteredModel = z
  .looseObject({
    name: z.string(),
    description: z.string().default(""),
    tags: Pairs,
    aliases: z.array(z.looseObject({ alias: z.string(), version: z.coerce.string() })).default([]),
  })
  .transform(({ name, description, tags, aliases }) => ({
    name,
    description,
    tags,
    aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])) as Record<string, string>,
  }));
export type RegisteredModel = z.infer<typeof RegisteredModel>;

/** A version of a registered model. MLflow leaves `aliases` out of searches: they are empty there. */
export const ModelVersion = z
  .looseObject({
    name: z.string(),
    version: z.coerce.string(),
    description: z.string().default(""),
    source: z.string().default(""),
    run_id: z.string().optional(),
    model_id: z.string().optional(),
    status: z.string().default("READY"),
    current_stage: Stage.default("None"),
    creation_timestamp: Int64.optional(),
    tags: Pairs,
    aliases: z.array(z.string()).default([]),
  })
  .transform(({ run_id, model_id, current_stage, creation_timestamp, ...rest }) => ({
    name: rest.name,
    version: rest.version,
    description: rest.description,
    source: rest.source,
    runId: run_id || undefined,
    modelId: model_id || /^models:\/(m-\w+)$/.exec(rest.source)?.[1], // MLflow leaves model_id out of its answers
    status: rest.status,
    stage: current_stage,
    createdAt: creation_timestamp, // milliseconds since 1970
    tags: rest.tags,
    aliases: rest.aliases,
  }));
export type ModelVersion = z.infer<typeof ModelVersion>;

const VersionAnswer = z.looseObject({ model_version: ModelVersion });
const ModelAnswer = z.looseObject({ registered_model: RegisteredModel });
const VersionsAnswer = z.looseObject({
  model_versions: z.array(ModelVersion).default([]),
  next_page_token: z.string().optional(),
});

/** The model registry. What does not exist is `undefined` where a single thing is asked for. */
export function createRegistry(http: Http) {
  const api = createApi(http);
  return {
    async getRegisteredModel(name: string): Promise<RegisteredModel | undefined> {
      return (await orMissing(api.get("/registered-models/get", { name }, ModelAnswer)))?.registered_model;
    },

    /** Makes the registered model; one of this name that is there already is returned as it is. */
    async createRegisteredModel(model: {
      name: string;
      description?: string | undefined;
      tags?: Readonly<Record<string, string>> | undefined;
    }): Promise<RegisteredModel> {
      const { name, description, tags = {} } = model;
      try {
        const values = { name, description, tags: toPairs(tags) };
        return (await api.postOnce("/registered-models/create", values, ModelAnswer)).registered_model;
      } catch (error) {
        if (!(error instanceof MlflowError && error.code === "RESOURCE_ALREADY_EXISTS")) throw error;
        return (await api.get("/registered-models/get", { name }, ModelAnswer)).registered_model;
      }
    },

    async updateRegisteredModel(name: string, change: { description: string }): Promise<void> {
      await api.patch("/registered-models/update", { name, ...change }, Anything);
    },

    /** Registers a new version. `source` is `models:/MODEL_ID` of a logged model, or a run's artifact URI. */
    async createModelVersion(version: {
      name: string;
      source: string;
      runId?: string | undefined;
      modelId?: string | undefined;
      description?: string | undefined;
      tags?: Readonly<Record<string, string>> | undefined;
    }): Promise<ModelVersion> {
      const { name, source, runId, modelId, description, tags = {} } = version;
      const values = { name, source, run_id: runId, model_id: modelId, description, tags: toPairs(tags) };
      return (await api.postOnce("/model-versions/create", values, VersionAnswer)).model_version;
    },

    async updateModelVersion(name: string, version: string, change: { description: string }): Promise<void> {
      await api.patch("/model-versions/update", { name, version, ...change }, Anything);
    },

    async deleteModelVersion(name: string, version: string): Promise<void> {
      await api.delete("/model-versions/delete", { name, version }, Anything);
    },

    async getModelVersion(name: string, version: string): Promise<ModelVersion | undefined> {
      return (await orMissing(api.get("/model-versions/get", { name, version }, VersionAnswer)))?.model_version;
    },

    /** Every version that matches, newest first. */
    async searchModelVersions(filter: string): Promise<ModelVersion[]> {
      const versions: ModelVersion[] = [];
      for (let page: string | undefined, more = true; more; more = page !== undefined && page !== "") {
        const values = { filter, max_results: "200", order_by: "version_number DESC", page_token: page };
        const answer = await api.get("/model-versions/search", values, VersionsAnswer);
        versions.push(...answer.model_versions);
        page = answer.next_page_token;
      }
      return versions;
    },

    async transitionStage(
      name: string,
      version: string,
      to: { stage: Stage; archiveExisting: boolean },
    ): Promise<ModelVersion> {
      const values = { name, version, stage: Stage.parse(to.stage), archive_existing_versions: to.archiveExisting };
      return (await api.post("/model-versions/transition-stage", values, VersionAnswer)).model_version;
    },

    /** Points the alias to the version, and away from any other. */
    async setAlias(name: string, alias: string, version: string): Promise<void> {
      await api.post("/registered-models/alias", { name, alias, version }, Anything);
    },

    async deleteAlias(name: string, alias: string): Promise<void> {
      await api.delete("/registered-models/alias", { name, alias }, Anything);
    },

    async getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion | undefined> {
      const found = api.get("/registered-models/alias", { name, alias }, VersionAnswer);
      return (await orMissing(found, isMissingAlias))?.model_version;
    },

    async setModelVersionTag(name: string, version: string, tag: { key: string; value: string }): Promise<void> {
      await api.post("/model-versions/set-tag", { name, version, ...tag }, Anything);
    },

    async setRegisteredModelTag(name: string, tag: { key: string; value: string }): Promise<void> {
      await api.post("/registered-models/set-tag", { name, ...tag }, Anything);
    },
  };
}

// MLflow answers INVALID_PARAMETER_VALUE for an alias that is not there, and RESOURCE_DOES_NOT_EXIST for the model
function isMissingAlias(error: unknown): boolean {
  if (isMissing(error)) return true;
  return (
    error instanceof MlflowError && error.code === "INVALID_PARAMETER_VALUE" && /alias .* not found/i.test(error.reason)
  );
}
