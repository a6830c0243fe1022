import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import { formatClassNames } from "./class-names.ts";
import { digestsFile, formatDigests, sha256 } from "./digests.ts";
import { formatJson } from "./json.ts";
import { writeKerasH5 } from "./keras-h5.ts";
import { decodeLayersModel, encodeLayersModel } from "./layers-model.ts";
import { formatMlModel } from "./ml-model.ts";
import { modelSummary } from "./model-summary.ts";
import { nest } from "./nested.ts";
import type { ModelInfo } from "./package.ts";
import { pythonEnvironment } from "./python-environment.ts";
import { Reference } from "./reference.ts";
import { signatureOf } from "./signature.ts";
import { type TextContents, textModelFiles } from "./text-model.ts";

/** All that goes into a package; `inputExample` holds whole rows of the model's input shape, one after the other. */
export interface PackageContents {
  readonly model: LayersModel; // raw inputs in, calibrated probabilities out
  readonly classes: readonly string[];
  readonly info: ModelInfo;
  readonly inputExample: Float32Array;
  readonly reference: Reference;
  readonly text?: TextContents; // of a model of texts
}

/**
 * Writes a model package to `folder`, which appears whole or not at all, in place of what was there. The same contents are
 * the same bytes. Throws a `BadInputError` where they are no package: weights that are not numbers, classes that do not
 * fit the output, a layer that other readers do not know.
 */
export async function writePackage(folder: string, contents: PackageContents): Promise<{ digest: Digest }> {
  const target = resolve(folder);
  const staging = join(dirname(target), `.${basename(target)}-${randomUUID()}`); // beside it: a rename stays on one disk
  await mkdir(staging, { recursive: true });
  try {
    const files = await filesOf(staging, contents).catch((error: Error) => {
      throw new BadInputError(`can't package the model ${contents.info.name}: ${error.message}`, { cause: error });
    });
    const digests = formatDigests(files);
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(staging, path)), { recursive: true });
      await writeFile(join(staging, path), bytes);
    }
    await writeFile(join(staging, digestsFile), digests);
    await replaceFolder(target, staging);
    return { digest: sha256(digests) };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

type Files = Map<string, Uint8Array | string>;

async function filesOf(staging: string, contents: PackageContents): Promise<Files> {
  const { model, classes, info, reference, text } = contents;
  const own = text ? textModelFiles(model, { classes, info, text }) : await layersModelFiles(staging, contents);
  return new Map([
    ...own,
    ["class_names.txt", formatClassNames(classes)],
    ["model_summary.txt", own.get("model_summary.txt") ?? modelSummary(model)],
    ["reference.json", formatJson(Reference.parse(reference))],
  ]);
}

async function layersModelFiles(staging: string, contents: PackageContents): Promise<Files> {
  const { classes, info, inputExample } = contents;
  const encoded = await encodeLayersModel(contents.model, info.name);
  const model = await decodeLayersModel(encoded); // the model as its readers will have it
  try {
    const signature = signatureOf(model);
    if (signature.outputs.shape[1] !== classes.length) {
      throw new Error(`${classes.length} classes for a model of ${signature.outputs.shape[1]} outputs`);
    }
    const rows = exampleRows(inputExample, signature.inputs.shape.slice(1));
    await mkdir(join(staging, "data"));
    await writeKerasH5(join(staging, "data/model.h5"), model);
    return new Map<string, Uint8Array | string>([
      ...Object.entries(encoded),
      ...Object.entries(pythonEnvironment),
      ["data/model.h5", await readFile(join(staging, "data/model.h5"))],
      ["data/keras_module.txt", "tensorflow.keras"],
      ["data/save_format.txt", "h5"],
      ["MLmodel", formatMlModel(info, signature)],
      ["model_summary.txt", modelSummary(model)],
      ["input_example.json", JSON.stringify(rows)],
      ["serving_input_example.json", JSON.stringify({ inputs: rows })],
    ]);
  } finally {
    model.dispose();
  }
}

function exampleRows(values: Float32Array, shape: readonly number[]) {
  const size = shape.reduce((product, length) => product * length, 1);
  if (values.length === 0 || values.length % size !== 0) {
    throw new Error(`an input example of ${values.length} values; whole rows of [${shape.join(", ")}] were expected`);
  }
  return nest(values, shape);
}

/** A folder can't be renamed onto a full one; what stood there is moved aside first. */
async function replaceFolder(target: string, replacement: string): Promise<void> {
  const aside = `${replacement}-old`;
  const wasThere = await rename(target, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  try {
    await rename(replacement, target);
  } catch (error) {
    if (wasThere) await rename(aside, target);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}
