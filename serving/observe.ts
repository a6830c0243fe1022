import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Lifecycle } from "./lifecycle.ts";
import type { Metrics } from "./metrics.ts";
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
}

/** One line and one observation a request; probes and scrapes are logged at a level that is off by default. */
export function observe(app: FastifyInstance, { metrics, lifecycle, meter }: Observers): void {
  app.decorateRequest("arrivedMs", 0);
  app.decorateRequest("account");
  app.decorateRequest("usage");
  const left = (request: FastifyRequest) => {
    const route = request.routeOptions.url ?? "none";
    metrics.abort(route);
    request.log.info({ requestId: request.id, method: request.method, route }, "the client left before the answer");
  };
  const answered = (request: FastifyRequest, reply: FastifyReply) => {
    const route = request.routeOptions.url ?? "none";
    const latencyMs = request.usage?.latencyMs ?? performance.now() - request.arrivedMs;
    metrics.request({ method: request.method, route, status: reply.statusCode }, latencyMs);
    request.log[isProbe(route) ? "debug" : "info"]({
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      latencyMs: rounded(latencyMs),
      memoryChangeMb: request.usage && rounded(request.usage.memoryBytes / 2 ** 20),
      cpuMs: request.usage && rounded(request.usage.cpuMs),
    });
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

function tellUsage(reply: FastifyReply, { latencyMs, memoryBytes, cpuMs }: Usage): void {
  reply.header("x-latency-ms", latencyMs.toFixed(3));
  reply.header("x-memory-change-mb", (memoryBytes / 2 ** 20).toFixed(3));
  reply.header("x-cpu-ms", cpuMs.toFixed(3));
}

function isProbe(route: string): boolean {
  return route === "/metrics" || route.startsWith("/health/") || route.startsWith("/v2/health/");
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
