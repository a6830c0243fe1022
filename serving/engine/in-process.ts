import { startBackend } from "#training/backend.ts";
import type { Digest } from "#training/candidate.ts";
import type { ModelPackage } from "#training/package/package.ts";
import { readPackage } from "#training/package/read.ts";
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

/** Such an engine of a package's model. */
export async function loadInProcessEngine(folder: string, digest: Digest): Promise<Engine> {
  await startBackend("js", { tiny: true });
  const { model } = await readPackage(folder, digest);
  try {
    return createInProcessEngine(model);
  } finally {
    model.dispose();
  }
}
