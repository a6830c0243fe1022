import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Engine } from "./engine/engine.ts";
import { type GpuWatch, gpuMetrics } from "./gpu-memory.ts";
import { createHistogram } from "./histogram.ts";
import { latencies } from "./latencies.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Lineage } from "./lineage.ts";
import { loadMetrics } from "./load-metrics.ts";
import type { Monitor } from "./monitor.ts";
import { monitorMetrics } from "./monitor-metrics.ts";
import type { Kind } from "./request-line.ts";
import type { Usage } from "./usage.ts";

/** The server's Prometheus metrics, in a registry of their own. */
export type Metrics = ReturnType<typeof createMetrics>;

/** What the metrics tell of. */
export interface Measured {
  readonly lineage: Lineage;
  readonly lifecycle: Lifecycle;
  readonly engine?: Engine; // absent for a broken package, as is the monitor
  readonly monitor?: Monitor;
  readonly gpus?: GpuWatch;
}

/** Counts requests and predictions beside the process's own figures (CPU, memory, event-loop lag, garbage collection). */
export function createMetrics({ lineage, lifecycle, engine, monitor, gpus }: Measured) {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const duration = createHistogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's headers to its answer",
    buckets: latencies,
    register,
  });
  const aborted = new Counter({
    name: "http_requests_aborted_total",
    help: "Requests whose client left before the answer",
    labelNames: ["route"],
    registers,
  });
  aborted.inc({ route: "/predict" }, 0); // so that it is there before the first
  const observeCpu = createHistogram({
    name: "predict_cpu_seconds",
    help: "CPU time spent on a prediction request, here and in the model's process",
    buckets: [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1, 1],
    register,
  }).series();
  const observeMemory = createHistogram({
    name: "predict_memory_change_bytes",
    help: "Change of the process's resident memory during a prediction request",
    buckets: [-(2 ** 20), -(2 ** 12), 0, 2 ** 12, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24],
    register,
  }).series();
  let inFlight = 0;
  let first: NodeJS.CpuUsage | undefined; // when the first prediction was asked for
  let elsewhereMs = 0;
  new Counter({
    name: "serving_cpu_seconds_total",
    help: "CPU time since the first prediction request: all of this process, and batches of the model's process",
    registers,
    collect() {
      this.reset();
      const { user, system } = first ? process.cpuUsage(first) : { user: 0, system: 0 };
      this.inc((user + system) / 1e6 + elsewhereMs / 1000);
    },
  });
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
  if (gpus) gpuMetrics(register, gpus);
  return {
    register,
    /** What is told the seconds that each request of a kind took. */
    durations: (kind: Kind) => duration.series({ ...kind }),
    abort: (route: string) => aborted.inc({ route }),
    begin() {
      first ??= process.cpuUsage();
      inFlight += 1;
    },
    /** Adds CPU time that the model's process has spent. */
    charge(cpuMs: number) {
      elsewhereMs += cpuMs;
    },
    end() {
      inFlight -= 1;
    },
    usage(usage: Usage) {
      observeCpu(usage.cpuMs / 1000);
      observeMemory(usage.memoryBytes);
    },
  };
}
