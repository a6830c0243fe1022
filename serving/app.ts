import { randomUUID } from "node:crypto";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from "fastify";
import { answerConnectionError } from "./connection-error.ts";
import type { RequestFormat } from "./formats/format.ts";
import { flawOf } from "./json-body.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Served } from "./load.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { explain, sendProblem } from "./problem.ts";
import { healthRoutes } from "./routes/health.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { predictRoute } from "./routes/predict.ts";
import { versionRoute } from "./routes/version.ts";
import { createUsageMeter, type Usage } from "./usage.ts";

declare module "fastify" {
  interface FastifyRequest {
    arrivedMs: number; // performance.now()
    started: Usage | undefined; // the clocks when a prediction was asked for
    usage: Usage | undefined; // what it took
  }
}

/** What the application serves, and how much of a request it takes. */
export interface AppOptions {
  readonly served: Served;
  readonly lifecycle: Lifecycle;
  readonly limits: {
    readonly bodyLimitBytes: number;
    readonly requestTimeoutMs: number; // for all of a request to arrive
  };
  readonly logger?: FastifyBaseLogger; // one line a request
}

/** The serving application with all its routes, not yet listening. Close it to free the model. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { served, lifecycle, limits } = options;
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : {}),
    // The line written for each answer holds all, so a logger of each request's own would only cost time.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: limits.bodyLimitBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: 2 * limits.requestTimeoutMs, // a socket on which nothing moves, either way
    keepAliveTimeout: 72_000, // above the 60 s of common load balancers, so that they are the ones to close
    http: { headersTimeout: Math.min(5000, limits.requestTimeoutMs), connectionsCheckingInterval: 1000 },
    // What still arrives on an open connection after close() is answered, and the connection closed after it.
    return503OnClosing: false,
    clientErrorHandler: answerConnectionError,
    frameworkErrors: (error, _, reply) => void sendProblem(reply, explain(error)),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } },
  });
  const metrics = createMetrics(served.lineage, lifecycle);
  const meter = createUsageMeter();
  app.addHook("preClose", async () => lifecycle.drain());
  app.addHook("onClose", async () => {
    meter.close();
    if (served.kind === "model") await served.engine.close();
  });

  readBodies(app, served.kind === "model" ? served.format : undefined);
  answerErrors(app);
  observe(app, metrics, lifecycle);
  await describe(app, served);
  predictRoute(app, { served, lifecycle, metrics, meter, bodyLimitBytes: limits.bodyLimitBytes });
  healthRoutes(app, lifecycle);
  versionRoute(app, served.lineage);
  metricsRoute(app, metrics);
  return app;
}

/** JSON, and the bytes that the model's format names; nothing else. */
function readBodies(app: FastifyInstance, format: RequestFormat | undefined): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    const flaw = flawOf(body);
    if (flaw === undefined) void parse(request, body.toString(), done);
    else done(Object.assign(new Error(flaw), { statusCode: 400 }));
  });
  for (const [type, { bodyLimitBytes: bodyLimit }] of Object.entries(format?.binary ?? {})) {
    app.addContentTypeParser(type, { parseAs: "buffer", bodyLimit }, (_, body, done) => done(null, body));
  }
}

function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, { status: 404, detail: `nothing answers ${request.method} ${request.url.slice(0, 200)}` }),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const explained = explain(error);
    if (explained.status >= 500) request.log.error({ requestId: request.id, err: error }, "request failed");
    return sendProblem(reply, explained);
  });
}

/** One line and one observation a request; probes and scrapes are logged at a level that is off by default. */
function observe(app: FastifyInstance, metrics: Metrics, lifecycle: Lifecycle): void {
  app.decorateRequest("arrivedMs", 0);
  const left = (request: FastifyRequest) => {
    const route = request.routeOptions.url ?? "none";
    metrics.abort(route);
    request.log.info({ requestId: request.id, method: request.method, route }, "the client left before the answer");
  };
  app.addHook("onRequest", (request, reply, done) => {
    request.arrivedMs = performance.now();
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) left(request);
    });
    done();
  });
  app.addHook("onSend", async (_, reply) => {
    if (lifecycle.isDraining()) reply.header("connection", "close"); // the client's next one goes to another server
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    const latencyMs = request.usage?.latencyMs ?? performance.now() - request.arrivedMs;
    metrics.request({ method: request.method, route, status: reply.statusCode }, latencyMs);
    request.log[route === "/metrics" || route.startsWith("/health/") ? "debug" : "info"]({
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      latencyMs: rounded(latencyMs),
      memoryChangeMb: request.usage && rounded(request.usage.memoryBytes / 2 ** 20),
      cpuMs: request.usage && rounded(request.usage.cpuMs),
    });
    done();
  });
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

async function describe(app: FastifyInstance, served: Served): Promise<void> {
  const { name, version } = served.lineage;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: name,
        version,
        description: served.kind === "model" ? `Predictions of the model ${name}` : `Not ready: ${served.reason}`,
      },
      tags: [{ name: "prediction" }, { name: "operation" }],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { deepLinking: true, tryItOutEnabled: true, validatorUrl: null },
  });
}
