import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Engine } from "./engine/engine.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Lineage } from "./lineage.ts";
import type { Monitor } from "./monitor.ts";
import { monitorMetrics } from "./monitor-metrics.ts";
import type { Usage } from "./usage.ts";

/** The server's Prometheus metrics, in a registry of their own. */
export type Metrics = ReturnType<typeof createMetrics>;

/** What the metrics tell of. */
export interface Measured {
  readonly lineage: Lineage;
  readonly lifecycle: Lifecycle;
  readonly engine?: Engine; // absent for a broken package, as is the monitor
  readonly monitor?: Monitor;
}

const latencies = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts requests and predictions beside the process's own figures (CPU, memory, event-loop lag, garbage collection). */
export function createMetrics({ lineage, lifecycle, engine, monitor }: Measured) {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's headers to its answer",
    labelNames: ["method", "route", "status"],
    buckets: latencies,
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
    help: "CPU time spent on a prediction request, here and in the model's process",
    buckets: [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1, 1],
    registers,
  });
  const memory = new Histogram({
    name: "predict_memory_change_bytes",
    help: "Change of the process's resident memory during a prediction request",
    buckets: [-(2 ** 20), -(2 ** 12), 0, 2 ** 12, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24],
    registers,
  });
  let inFlight = 0;
  new Gauge({
    name: "predict_in_flight",
    help: "Prediction requests that have not been answered yet",
    registers,
    collect() {
      this.set(inFlight);
    },
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
  if (engine?.load) loadMetrics(register, engine.load);
  if (monitor) monitorMetrics(register, monitor);
  return {
    register,
    request(labels: { method: string; route: string; status: number }, latencyMs: number) {
      duration.observe(labels, latencyMs / 1000);
    },
    abort: (route: string) => aborted.inc({ route }),
    begin() {
      inFlight += 1;
    },
    end() {
      inFlight -= 1;
    },
    usage(usage: Usage) {
      cpu.observe(usage.cpuMs / 1000);
      memory.observe(usage.memoryBytes);
    },
  };
}

/** The queue before the model's process, its batches and the process itself. */
function loadMetrics(register: Registry, load: NonNullable<Engine["load"]>): void {
  const registers = [register];
  const gauges = [
    ["model_queue_depth", "Requests that wait for the model", load.queued],
    ["model_batch_in_progress", "Requests in the batch that is being computed", load.computing],
    ["model_process_resident_memory_bytes", "Memory of the model's process", load.residentBytes],
  ] as const;
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  new Counter({
    name: "model_process_restarts_total",
    help: "Times that the model's process was started again",
    registers,
    collect() {
      this.reset();
      this.inc(load.restarts());
    },
  });
  const rows = new Histogram({
    name: "model_batch_size",
    help: "Requests computed together",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  });
  const waited = new Histogram({
    name: "model_queue_seconds",
    help: "Time that a request waited for the model",
    buckets: latencies,
    registers,
  });
  const computed = new Histogram({
    name: "model_batch_seconds",
    help: "Time that a batch took",
    buckets: latencies,
    registers,
  });
  load.onBatch((figures) => {
    rows.observe(figures.rows);
    computed.observe(figures.computeMs / 1000);
    for (const queueMs of figures.queueMs) waited.observe(queueMs / 1000);
  });
}
