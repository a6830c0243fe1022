import { randomUUID } from "node:crypto";
import Fastify, { type FastifyError, type FastifyInstance, LogController } from "fastify";
import { pino } from "pino";
import { readBodies } from "./bodies.ts";
import { answerConnectionError } from "./connection-error.ts";
import { describe } from "./docs.ts";
import type { GpuWatch } from "./gpu-memory.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Served } from "./load.ts";
import { createMetrics } from "./metrics.ts";
import { createMonitor } from "./monitor.ts";
import { observe } from "./observe.ts";
import { createPrediction } from "./prediction.ts";
import { explain, sendProblem } from "./problem.ts";
import type { Log } from "./request-line.ts";
import { createRecorder, type RequestLog } from "./request-log.ts";
import { healthRoutes } from "./routes/health.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { openInferenceRoutes } from "./routes/open-inference/routes.ts";
import { predictRoute } from "./routes/predict.ts";
import { versionRoute } from "./routes/version.ts";
import { type Access, secure } from "./security.ts";
import { refuseUnknown } from "./unknown-route.ts";
import { createUsageMeter } from "./usage.ts";

/** What the application serves, and how much of a request it takes. */
export interface AppOptions {
  readonly served: Served;
  readonly lifecycle: Lifecycle;
  readonly limits: {
    readonly bodyLimitBytes: number;
    readonly requestTimeoutMs: number; // for all of a request to arrive
  };
  readonly access?: Access;
  readonly log?: Log; // one line a request
  readonly requestLog?: RequestLog; // for drift; closed with the application
  readonly gpus?: GpuWatch; // ended with the application
}

/** The serving application with all its routes, not yet listening. Close it to free the model. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { served, lifecycle, limits, access = { corsOrigins: [] } } = options;
  const { bodyLimitBytes } = limits;
  const logger = options.log?.logger ?? pino({ level: "silent" });
  const app = Fastify({
    // Not as `loggerInstance`: with one, Fastify listens for the end of each answer, to log what is logged already.
    childLoggerFactory: () => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 2 ** 14 }, // as long as any URL: the routes' own schemas tell what is too long
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
  const model = served.kind === "model" ? served : undefined;
  const monitor = model && createMonitor(model.classes, model.reference);
  const metrics = createMetrics({
    lineage: served.lineage,
    lifecycle,
    ...(model && { engine: model.engine }),
    ...(monitor && { monitor }),
    ...(options.gpus && { gpus: options.gpus }),
  });
  const meter = createUsageMeter();
  app.addHook("preClose", async () => lifecycle.drain());
  app.addHook("onClose", async () => {
    meter.end();
    options.gpus?.stop();
    await options.requestLog?.close();
    await model?.engine.close();
  });

  readBodies(app, meter, model?.format);
  answerErrors(app);
  observe(app, { metrics, lifecycle, meter, ...(options.log && { log: options.log }) });
  await secure(app, access);
  refuseUnknown(app);
  await describe(app, served, access.token !== undefined);
  const { requestLog } = options;
  const about = model && { ...model, digest: model.lineage.digest ?? "" };
  const record = requestLog && about && createRecorder(requestLog, about);
  const prediction = createPrediction({ lifecycle, metrics, meter, monitor, ...(record && { record }) });
  predictRoute(app, { served, prediction, bodyLimitBytes });
  await openInferenceRoutes(app, { served, lifecycle, prediction });
  healthRoutes(app, lifecycle);
  versionRoute(app, served.lineage);
  metricsRoute(app, metrics);
  return app;
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const explained = explain(error);
    if (explained.status === 500) request.log.error({ requestId: request.id, err: error }, "request failed");
    return sendProblem(reply, explained);
  });
}
