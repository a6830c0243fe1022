import type { z } from "zod";
import type { Http } from "./http.ts";

const prefix = "/api/2.0/mlflow";

/** Calls of MLflow's 2.0 REST API: path below the API, its values, what the answer looks like. */
export function createApi(http: Http) {
  const via =
    (verb: "GET" | "POST" | "PATCH" | "DELETE", idempotent: boolean) =>
    <T>(path: string, values: Record<string, unknown>, schema: z.ZodType<T>): Promise<T> => {
      const input = verb === "GET" ? { query: values as Record<string, string | undefined> } : { json: values };
      return http.json({ verb, path: prefix + path, ...input, idempotent }, schema);
    };
  return {
    get: via("GET", true),
    post: via("POST", true),
    /** For what must not be done twice when it is not known whether the first call arrived. */
    postOnce: via("POST", false),
    patch: via("PATCH", true),
    delete: via("DELETE", true),
  };
}
