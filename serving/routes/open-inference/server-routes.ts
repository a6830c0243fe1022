import type { FastifyInstance } from "fastify";
import { UnavailableError } from "#serving/engine/engine.ts";
import type { Lifecycle } from "#serving/lifecycle.ts";
import type { Lineage } from "#serving/lineage.ts";
import { failures } from "./schema.ts";

/** `GET /v2`, `/v2/health/live` and `/v2/health/ready`: the server, whatever it serves. */
export function serverRoutes(
  v2: FastifyInstance,
  { lineage: { name, version }, lifecycle }: { lineage: Lineage; lifecycle: Lifecycle },
): void {
  const text = { type: "string" };
  const about = (summary: string, flag: string) => ({
    summary,
    tags: ["open inference protocol"],
    response: {
      200: { description: "It is", type: "object", required: [flag], properties: { [flag]: { type: "boolean" } } },
      ...failures({ 503: "It is not" }),
    },
  });
  v2.get("/health/live", { schema: about("Whether the server is live", "live") }, async () => ({ live: true }));
  v2.get("/health/ready", { schema: about("Whether the server is ready", "ready") }, async () => {
    const readiness = lifecycle.readiness();
    if (readiness.kind === "ready") return { ready: true };
    throw new UnavailableError(readiness.reason);
  });
  v2.get(
    "/",
    {
      schema: {
        summary: "The server",
        tags: ["open inference protocol"],
        response: {
          200: {
            description: "Its name, version and extensions",
            type: "object",
            required: ["name", "version", "extensions"],
            properties: { name: text, version: text, extensions: { type: "array", items: text } },
          },
          ...failures({ 401: "A token is needed, and this is not it" }),
        },
      },
    },
    async () => ({ name, version, extensions: ["schedule_policy"] }),
  );
}
