import type { FastifyInstance } from "fastify";
import type { Lifecycle } from "#serving/lifecycle.ts";
import { problems, sendProblem } from "#serving/problem.ts";

const status = (name: string) => ({
  type: "object",
  required: ["status"],
  properties: { status: { type: "string", enum: [name] } },
});

/** `GET /health/live`: the process answers. `GET /health/ready`: requests should be sent here. */
export function healthRoutes(app: FastifyInstance, lifecycle: Lifecycle): void {
  app.get("/health/live", {
    schema: {
      summary: "Whether the process answers",
      tags: ["operation"],
      response: { 200: { description: "It does", ...status("live") } },
    },
    handler: async () => ({ status: "live" }),
  });
  app.get("/health/ready", {
    schema: {
      summary: "Whether requests should be sent here",
      tags: ["operation"],
      response: {
        200: { description: "The model is verified and loaded", ...status("ready") },
        ...problems({ 503: "The model is not there, or the server is stopping" }),
      },
    },
    handler: async (_, reply) => {
      const readiness = lifecycle.readiness();
      if (readiness.kind === "ready") return { status: "ready" };
      return sendProblem(reply, { status: 503, detail: readiness.reason });
    },
  });
}
