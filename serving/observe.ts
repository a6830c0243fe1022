import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Lifecycle } from "./lifecycle.ts";
import type { Metrics } from "./metrics.ts";
import { type Answered, type Kind, type Log, requestLine } from "./request-line.ts";
import type { Account, Usage, UsageMeter } from "./usage.ts";

declare module "fastify" {
  interface FastifyRequest {
    arrivedMs: number; // performance.now()
    account: Account | undefined; // of a prediction request
    usage: Usage | undefined; // what it took
  }
}

export interface Observers {
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly meter: UsageMeter;
  readonly log?: Log;
}

/** One line and one observation a request; probes and scrapes are logged at a level that is off by default. */
export function observe(app: FastifyInstance, { metrics, lifecycle, meter, log }: Observers): void {
  app.decorateRequest("arrivedMs", 0);
  app.decorateRequest("account");
  app.decorateRequest("usage");
  const observerOf = createObservers(metrics, log);
  const left = ({ id: requestId, method, log: logger, routeOptions }: FastifyRequest) => {
    const route = routeOptions.url ?? "none";
    metrics.abort(route);
    logger.info({ requestId, method, route }, "the client left before the answer");
  };
  const answered = (request: FastifyRequest, { statusCode: status }: FastifyReply) => {
    const { id: requestId, method, usage, routeOptions } = request;
    const latencyMs = usage?.latencyMs ?? performance.now() - request.arrivedMs;
    observerOf({ method, route: routeOptions.url ?? "none", status })({ requestId, latencyMs, usage });
  };
  app.addHook("onRequest", (request, reply, done) => {
    request.arrivedMs = performance.now();
    reply.raw.on("finish", () => answered(request, reply));
    reply.raw.on("close", () => {
      if (request.account) metrics.end();
      if (!reply.raw.writableFinished) left(request);
    });
    done();
  });
  // biome-ignore lint/complexity/useMaxParams: a hook with a promise in place of `done` costs a microsecond more
  app.addHook("onSend", (request, reply, payload, done) => {
    if (lifecycle.isDraining()) reply.header("connection", "close"); // the client's next one goes to another server
    if (request.account) {
      request.usage = meter.close(request.account);
      metrics.usage(request.usage);
      tellUsage(reply, request.usage);
    }
    done(null, payload);
  });
}

/** Who is told of the requests of a kind: each has its histogram and the beginning of its line looked up once. */
function createObservers(metrics: Metrics, log?: Log): (kind: Kind) => (answered: Answered) => void {
  const observers = new Map<string, (answered: Answered) => void>();
  return (kind) => {
    const key = `${kind.method} ${kind.route} ${kind.status}`;
    const known = observers.get(key);
    if (known) return known;
    const count = metrics.durations(kind);
    const write = log && requestLine(log, isProbe(kind.route) ? "debug" : "info", kind);
    const observer = (answered: Answered) => {
      count(answered.latencyMs / 1000);
      write?.(answered);
    };
    observers.set(key, observer);
    return observer;
  };
}

function tellUsage(reply: FastifyReply, { latencyMs, memoryBytes, cpuMs }: Usage): void {
  reply.header("x-latency-ms", latencyMs.toFixed(3));
  reply.header("x-memory-change-mb", (memoryBytes / 2 ** 20).toFixed(3));
  reply.header("x-cpu-ms", cpuMs.toFixed(3));
}

function isProbe(route: string): boolean {
  return route === "/metrics" || route.startsWith("/health/") || route.startsWith("/v2/health/");
}
