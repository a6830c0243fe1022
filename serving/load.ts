import { resolve } from "node:path";
import { startBackend } from "#training/backend.ts";
import type { Digest } from "#training/candidate.ts";
import { flatten } from "#training/package/nested.ts";
import type { ModelPackage } from "#training/package/package.ts";
import { readPackage } from "#training/package/read.ts";
import type { Engine } from "./engine/engine.ts";
import { createInProcessEngine } from "./engine/in-process.ts";
import { createLayersEngine } from "./engine/layers.ts";
import { featuresFormat } from "./formats/features.ts";
import type { RequestFormat } from "./formats/format.ts";
import { imageFormat } from "./formats/image.ts";
import type { Lineage } from "./lineage.ts";

/** A model package on this machine, and what the release says of it. */
export interface Source {
  readonly folder: string;
  readonly lineage: Omit<Lineage, "digest">;
  readonly digest?: Digest; // the package must have this one
}

/** A model that can answer, or the reason why there is none: it names the file at fault and no path of this machine. */
export type Served =
  | {
      readonly kind: "model";
      readonly lineage: Lineage;
      readonly classes: readonly string[];
      readonly format: RequestFormat;
      readonly engine: Engine;
    }
  | { readonly kind: "broken"; readonly lineage: Lineage; readonly reason: string; readonly cause: unknown };

/**
 * Reads and verifies the package and makes its model ready. A package at fault is an outcome and not an error: the
 * server then stays up without becoming ready, and says why, while the pods before it go on answering.
 */
export async function loadModel(source: Source): Promise<Served> {
  try {
    const { engine, read } = await startEngine(source);
    await checkAnswers(engine, read);
    const lineage = { ...source.lineage, digest: read.digest };
    return { kind: "model", lineage, classes: read.classes, format: formatOf(read), engine };
  } catch (cause) {
    const lineage = { ...source.lineage, ...(source.digest === undefined ? {} : { digest: source.digest }) };
    return { kind: "broken", lineage, reason: withoutPath(cause, source.folder), cause };
  }
}

/** Tables are computed in plain JavaScript; everything else by TensorFlow.js, on the fastest backend that is here. */
async function startEngine(source: Source): Promise<{ engine: Engine; read: ModelPackage }> {
  await startBackend("js", { tiny: true });
  const read = await readPackage(source.folder, source.digest);
  const { model, signature } = read;
  const isTable = signature.inputs.shape.length === 2;
  const engine = isTable ? createInProcessEngine(model) : undefined;
  model.dispose();
  if (engine) return { engine, read };
  await startBackend("auto", { tiny: false });
  const again = await readPackage(source.folder, read.digest); // its weights belong to the backend that they were read on
  return { engine: createLayersEngine(again.model), read: again };
}

function formatOf({ features, inputExample, signature }: ModelPackage): RequestFormat {
  const [first] = inputExample;
  if (features) return featuresFormat(features, first as number[]); // a table's row is a flat list
  const [, height, width, channels] = signature.inputs.shape;
  if (height && width && channels === 3 && first !== undefined) return imageFormat([height, width, channels], first);
  throw new Error("MLmodel: serving answers tables whose features are named, and images in three colours");
}

/** The package's own example must get probabilities, whatever its digests say. */
async function checkAnswers(engine: Engine, { inputExample, signature }: ModelPackage): Promise<void> {
  for (const row of inputExample) {
    const answer = await engine.predict(flatten([row], signature.inputs.shape.slice(1)));
    const sum = answer.reduce((total, probability) => total + probability, 0);
    if (!(Math.abs(sum - 1) < 1e-3)) {
      throw new Error(`model.json: the probabilities of a row of input_example.json add up to ${sum} and not to 1`);
    }
  }
}

function withoutPath(error: unknown, folder: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return [resolve(folder), folder].reduce(
    (text, path) => text.replaceAll(`${path}/`, "").replaceAll(path, "its folder"),
    message,
  );
}
