import { Counter, Gauge, type Registry } from "prom-client";
import type { Engine } from "./engine/engine.ts";
import { createHistogram } from "./histogram.ts";
import { latencies } from "./latencies.ts";

/** Metrics of the queue before the model's process, its batches and the process itself. */
export function loadMetrics(register: Registry, load: NonNullable<Engine["load"]>): void {
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
  const observeRows = createHistogram({
    name: "model_batch_size",
    help: "Requests computed together",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    register,
  }).series();
  const observeWait = createHistogram({
    name: "model_queue_seconds",
    help: "Time that a request waited for the model",
    buckets: latencies,
    register,
  }).series();
  const observeBatch = createHistogram({
    name: "model_batch_seconds",
    help: "Time that a batch took",
    buckets: latencies,
    register,
  }).series();
  load.onBatch((figures) => {
    observeRows(figures.rows);
    observeBatch(figures.computeMs / 1000);
    for (const queueMs of figures.queueMs) observeWait(queueMs / 1000);
  });
}
