import { z } from "zod";
import { createApi } from "./api.ts";
import { MlflowError, orMissing } from "./errors.ts";
import type { Http } from "./http.ts";

const Created = z.looseObject({ experiment_id: z.string() });
const Found = z.looseObject({ experiment: z.looseObject({ experiment_id: z.string(), lifecycle_stage: z.string() }) });

/** Experiments: the folders of runs. */
export function createExperiments(http: Http) {
  const api = createApi(http);

  async function find(name: string): Promise<string | undefined> {
    const found = await orMissing(api.get("/experiments/get-by-name", { experiment_name: name }, Found));
    if (found?.experiment.lifecycle_stage === "deleted") {
      throw new RangeError(
        `experiment ${name} is deleted in MLflow: restore it there, or name another (tracking.experiment)`,
      );
    }
    return found?.experiment.experiment_id;
  }

  return {
    /** The id of the experiment of this name, made if there is none. */
    async getOrCreateExperiment(name: string): Promise<string> {
      const there = await find(name);
      if (there !== undefined) return there;
      try {
        return (await api.postOnce("/experiments/create", { name }, Created)).experiment_id;
      } catch (error) {
        // Someone else was faster
        const other =
          error instanceof MlflowError && error.code === "RESOURCE_ALREADY_EXISTS" ? await find(name) : undefined;
        if (other === undefined) throw error;
        return other;
      }
    },
  };
}
