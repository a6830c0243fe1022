import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Lifecycle } from "./lifecycle.ts";
import type { Lineage } from "./lineage.ts";
import type { Usage } from "./usage.ts";

/** The server's Prometheus metrics, in a registry of their own. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Counts requests and predictions beside the process's own figures (CPU, memory, event-loop lag, garbage collection). */
export function createMetrics(lineage: Lineage, lifecycle: Lifecycle) {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's headers to its answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  const aborted = new Counter({
    name: "http_requests_aborted_total",
    help: "Requests whose client left before the answer",
    labelNames: ["route"],
    registers,
  });
  const cpu = new Histogram({
    name: "predict_cpu_seconds",
    help: "CPU time of the process during a prediction request",
    buckets: [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1, 1],
    registers,
  });
  const memory = new Histogram({
    name: "predict_memory_change_bytes",
    help: "Change of the process's resident memory during a prediction request",
    buckets: [-(2 ** 20), -(2 ** 12), 0, 2 ** 12, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24],
    registers,
  });
  const predictions = new Counter({
    name: "predictions_total",
    help: "Predictions by the class that was answered",
    labelNames: ["class"],
    registers,
  });
  new Gauge({
    name: "model_info",
    help: "The model that is served; always 1",
    labelNames: ["name", "version", "digest"],
    registers,
  }).set({ name: lineage.name, version: lineage.version, digest: lineage.digest ?? "" }, 1);
  new Gauge({
    name: "model_ready",
    help: "1 while requests should be sent here",
    registers,
    collect() {
      this.set(lifecycle.readiness().kind === "ready" ? 1 : 0);
    },
  });
  return {
    register,
    request(labels: { method: string; route: string; status: number }, latencyMs: number) {
      duration.observe(labels, latencyMs / 1000);
    },
    abort: (route: string) => aborted.inc({ route }),
    usage(usage: Usage) {
      cpu.observe(usage.cpuMs / 1000);
      memory.observe(usage.memoryBytes);
    },
    prediction: (name: string) => predictions.inc({ class: name }),
  };
}
