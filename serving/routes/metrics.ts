import type { FastifyInstance } from "fastify";
import type { Metrics } from "#serving/metrics.ts";

/** `GET /metrics`: for Prometheus. */
export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", {
    schema: {
      summary: "Figures for Prometheus",
      tags: ["operation"],
      response: {
        200: { description: "Text exposition format", content: { "text/plain": { schema: { type: "string" } } } },
      },
    },
    handler: async (_, reply) => reply.type(metrics.register.contentType).send(await metrics.register.metrics()),
  });
}
