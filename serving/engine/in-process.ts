import type { ModelPackage } from "#training/package/package.ts";
import { compileDense } from "./dense.ts";
import type { Engine } from "./engine.ts";

/** An engine that computes on the thread that serves: for models whose prediction costs less than handing it over. */
export function createInProcessEngine(model: ModelPackage["model"]): Engine {
  return {
    predict: compileDense(model),
    unavailable: () => undefined,
    close: async () => undefined,
  };
}
