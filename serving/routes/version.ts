import type { FastifyInstance } from "fastify";
import { type Lineage, lineageSchema } from "#serving/lineage.ts";

/** `GET /version`: the model that is served and where it came from. */
export function versionRoute(app: FastifyInstance, lineage: Lineage): void {
  app.get("/version", {
    schema: {
      summary: "The model and where it came from",
      tags: ["operation"],
      response: { 200: { description: "Its lineage", ...lineageSchema } },
    },
    handler: async () => lineage,
  });
}
