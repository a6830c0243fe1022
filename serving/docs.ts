import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import type { Served } from "./load.ts";

/** `/docs`: the API document, generated from the schemas that requests are checked by, and pages to try it. */
export async function describe(app: FastifyInstance, served: Served, isGuarded: boolean): Promise<void> {
  const { name, version } = served.lineage;
  const bearer = { type: "http", scheme: "bearer" } as const;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: name,
        version,
        description: served.kind === "model" ? `Predictions of the model ${name}` : `Not ready: ${served.reason}`,
      },
      tags: [{ name: "prediction" }, { name: "open inference protocol" }, { name: "operation" }],
      ...(isGuarded ? { components: { securitySchemes: { bearer } } } : {}),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { deepLinking: true, tryItOutEnabled: true, validatorUrl: null },
    staticCSP: true,
    // The pages style themselves in line, and need nothing from elsewhere.
    transformStaticCSP: (policy) => policy.replace(/style-src [^;]*/, "style-src 'self' 'unsafe-inline'"),
  });
}
