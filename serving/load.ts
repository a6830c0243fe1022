import { resolve } from "node:path";
import { Serving } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import { describePackage } from "#training/package/describe.ts";
import { flatten } from "#training/package/nested.ts";
import type { PackageDescription, Signature } from "#training/package/package.ts";
import type { Reference } from "#training/package/reference.ts";
import type { Engine } from "./engine/engine.ts";
import { type EngineKnobs, startModelEngine } from "./engine/model-engine.ts";
import { featuresFormat } from "./formats/features.ts";
import type { RequestFormat } from "./formats/format.ts";
import { textFormat } from "./formats/text.ts";
import type { Lineage } from "./lineage.ts";

/** A model package on this machine, and what the release says of it. */
export interface Source {
  readonly folder: string;
  readonly lineage: Omit<Lineage, "digest">;
  readonly digest?: Digest; // the package must have this one
}

/** A model that can answer. */
export interface Model {
  readonly kind: "model";
  readonly lineage: Lineage;
  readonly classes: readonly string[];
  readonly signature: Signature;
  readonly reference: Reference;
  readonly format: RequestFormat;
  readonly engine: Engine;
}

/** A model, or the reason why there is none: it names the file at fault and no path of this machine. */
export type Served =
  | Model
  | { readonly kind: "broken"; readonly lineage: Lineage; readonly reason: string; readonly cause: unknown };

/** How the model is to be run, and who is told what becomes of it. */
export interface LoadOptions {
  readonly knobs?: EngineKnobs;
  readonly log?: (message: string) => void;
}

/**
 * Reads and verifies the package and makes its model ready. A package at fault is an outcome and not an error: the
 * server then stays up without becoming ready, and says why, while the pods before it go on answering.
 */
export async function loadModel(source: Source, options: LoadOptions = {}): Promise<Served> {
  try {
    const description = await describePackage(source.folder, source.digest);
    const format = await formatOf(description);
    const engine = await startEngine(source.folder, description, options);
    try {
      await checkAnswers(engine, description);
    } catch (error) {
      await engine.close();
      throw error;
    }
    const lineage = { ...source.lineage, digest: description.digest };
    const { classes, signature, reference } = description;
    return { kind: "model", lineage, classes, signature, reference, format, engine };
  } catch (cause) {
    const lineage = { ...source.lineage, ...(source.digest === undefined ? {} : { digest: source.digest }) };
    return { kind: "broken", lineage, reason: withoutPath(cause, source.folder), cause };
  }
}

/** Tables are computed here in plain JavaScript, everything else in a process of its own on the fastest backend there is. */
async function startEngine(folder: string, description: PackageDescription, options: LoadOptions): Promise<Engine> {
  const { digest, signature, text } = description;
  if (signature.inputs.shape.length > 2 || text) {
    const { knobs = Serving.parse({}), log = () => undefined } = options;
    const texts = text && { maxTokens: text.encoder.maxTokens };
    return await startModelEngine(folder, digest, { knobs, log, ...(texts && { texts }) });
  }
  const { loadInProcessEngine } = await import("./engine/in-process.ts"); // TensorFlow.js is loaded where it computes
  return await loadInProcessEngine(folder, digest);
}

async function formatOf({ features, inputExample, signature, text }: PackageDescription): Promise<RequestFormat> {
  const [first] = inputExample;
  if (text) return textFormat(text);
  if (features) return featuresFormat(features, first as number[]); // a table's row is a flat list
  const [, height, width, channels] = signature.inputs.shape;
  if (height && width && channels === 3 && first !== undefined) {
    const { imageFormat } = await import("./formats/image.ts"); // decoders of pictures are loaded where there are any
    return imageFormat([height, width, channels], first);
  }
  throw new Error("MLmodel: serving answers tables whose features are named, images in three colours, and texts");
}

/** The package's own example must get probabilities, whatever its digests say. */
async function checkAnswers(engine: Engine, { inputExample, signature }: PackageDescription): Promise<void> {
  for (const row of inputExample) {
    const answer = await engine.predict(flatten([row], signature.inputs.shape.slice(1)), nobody);
    const sum = answer.reduce((total, probability) => total + probability, 0);
    if (!(Math.abs(sum - 1) < 1e-3)) {
      throw new Error(`model.json: the probabilities of a row of input_example.json add up to ${sum} and not to 1`);
    }
  }
}

const nobody = { isGone: () => false, charge: () => undefined };

function withoutPath(error: unknown, folder: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return [resolve(folder), folder].reduce(
    (text, path) => text.replaceAll(`${path}/`, "").replaceAll(path, "its folder"),
    message,
  );
}
