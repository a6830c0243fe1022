import type { ModelPackage } from "#training/package/package.ts";
import { predictOne } from "#training/predict.ts";
import type { Engine } from "./engine.ts";

/** An engine that lets TensorFlow.js compute on the active backend, one input at a time. It owns the model. */
export function createLayersEngine(model: ModelPackage["model"]): Engine {
  return {
    predict: (input) => predictOne(model, input),
    unavailable: () => undefined,
    close: async () => {
      model.dispose();
    },
  };
}
