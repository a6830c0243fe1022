import { div, tidy } from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Examples } from "#training/data/dataset.ts";
import { fitTemperature } from "#training/temperature.ts";
import { logitsOf } from "./logits.ts";

/**
 * Fits the temperature on validation examples and folds it into the model's last dense layer, so that the model's own
 * softmax gives calibrated probabilities. The examples are as the model takes them. Returns the temperature.
 */
export async function calibrate(model: Sequential, validation: Examples<"validation">): Promise<number> {
  const logits = await logitsOf(model, validation);
  const labels = Int32Array.from({ length: validation.length }, (_, index) => validation.label(index));
  const temperature = fitTemperature(logits, labels);
  foldTemperature(model, temperature);
  return temperature;
}

/**
 * Divides the logits by `temperature` for good.
 * @throws Error when the layer before the softmax is not a linear dense one.
 */
export function foldTemperature(model: Sequential, temperature: number): void {
  const layer = model.layers.at(-2);
  if (layer?.getClassName() !== "Dense" || layer.getConfig()["activation"] !== "linear") {
    throw new Error("a temperature can only be folded into a linear dense layer right before the softmax");
  }
  tidy(() => layer.setWeights(layer.getWeights().map((weights) => div(weights, temperature))));
}
