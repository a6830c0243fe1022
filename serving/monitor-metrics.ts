import { Counter, Gauge, type Registry } from "prom-client";
import type { Monitor } from "./monitor.ts";

/** The monitor's counts, and the shares of the reference they are to be compared with. */
export function monitorMetrics(register: Registry, monitor: Monitor): void {
  const registers = [register];
  new Counter({
    name: "predictions_total",
    help: "Predictions by the class that was answered",
    labelNames: ["class"],
    registers,
    collect() {
      this.reset();
      for (const { name, count } of monitor.predictions) this.inc({ class: name }, count());
    },
  });
  new Counter({
    name: "model_input_values_total",
    help: "Values of each input, by the bin of the reference that they are in",
    labelNames: ["input", "bin"],
    registers,
    collect() {
      this.reset();
      for (const { name, counts } of monitor.inputs) {
        for (const [bin, count] of counts.entries()) this.inc({ input: name, bin }, count);
      }
    },
  });
  new Counter({
    name: "prediction_confidence_total",
    help: "Predictions by the bin of the reference that the probability of the answered class is in",
    labelNames: ["bin"],
    registers,
    collect() {
      this.reset();
      for (const [bin, count] of monitor.confidence.counts.entries()) this.inc({ bin }, count);
    },
  });
  const inputs = new Gauge({
    name: "model_input_reference_ratio",
    help: "Share of the training examples in each bin",
    labelNames: ["input", "bin"],
    registers,
  });
  for (const { name, bins } of monitor.inputs) {
    for (const [bin, share] of bins.expected.entries()) inputs.set({ input: name, bin }, share);
  }
  const classes = new Gauge({
    name: "prediction_reference_ratio",
    help: "Share of the validation examples that the model gave each class",
    labelNames: ["class"],
    registers,
  });
  for (const { name, expected } of monitor.predictions) classes.set({ class: name }, expected);
  const confidence = new Gauge({
    name: "prediction_confidence_reference_ratio",
    help: "Share of the validation examples in each bin of confidence",
    labelNames: ["bin"],
    registers,
  });
  for (const [bin, share] of monitor.confidence.bins.expected.entries()) confidence.set({ bin }, share);
}
