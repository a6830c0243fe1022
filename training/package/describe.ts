import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import { decodeSafetensors } from "#training/checkpoint/safetensors.ts";
import { isWordTable } from "#training/models/transformer/parameters.ts";
import { createTextMeasure, type TokenTable } from "#training/text/embedding-space.ts";
import { rowsOf } from "#training/text/tokenized.ts";
import { createTextEncoder, parseTokenizer } from "#training/text/tokenizer.ts";
import { about } from "./about.ts";
import { parseClassNames } from "./class-names.ts";
import { parseJson } from "./json.ts";
import { parseMlModel } from "./ml-model.ts";
import { flatten, nest } from "./nested.ts";
import { type PackageDescription, Rows } from "./package.ts";
import { Reference } from "./reference.ts";
import { verifyFiles } from "./verify.ts";

const described = ["MLmodel", "class_names.txt", "input_example.json", "reference.json"] as const;
const ofLayers = ["model.json", "weights.bin"] as const;
export const textModelFiles = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] as const;
const ofText = textModelFiles.map((name) => `model/${name}` as const);

type Used = (typeof described)[number] | (typeof ofLayers)[number] | (typeof ofText)[number];

/** The bytes of a package's files that were verified, by name: those of a layers model, or of a model of texts. */
export type VerifiedFiles = Readonly<Record<Used, Uint8Array>>;

/**
 * Verifies every byte of the package in `folder`, and reads all but its model: the list of files is held to `expected`,
 * where it is given, and each file to the list. Throws a `BadInputError` that names the file at fault.
 */
export async function describePackage(folder: string, expected?: Digest): Promise<PackageDescription> {
  return await withRemedy(folder, async () => (await readVerified(folder, expected)).description);
}

/** What `describePackage` returns, and the verified bytes. Throws an error that names the file at fault. */
export async function readVerified(
  folder: string,
  expected?: Digest,
): Promise<{ description: PackageDescription; files: VerifiedFiles }> {
  const isText = existsSync(join(folder, "model/model.safetensors"));
  const { digest, files } = await verifyFiles<Used>(folder, [...described, ...(isText ? ofText : ofLayers)], expected);
  const { info, signature } = readText(files, "MLmodel", parseMlModel);
  const classes = readText(files, "class_names.txt", parseClassNames);
  const reference = readText(files, "reference.json", (text) => parseJson(text, Reference));
  if (isText !== (info.text !== undefined)) throw new Error("MLmodel: it does not say what the package's model takes");
  const text = info.text && readTextInputs(files, info.text.maxTokens, reference);
  const inputExample = text?.rows ?? readText(files, "input_example.json", (content) => parseJson(content, Rows));
  about("input_example.json", () => flatten(inputExample, signature.inputs.shape.slice(1)));
  const outputs = signature.outputs.shape[1];
  if (classes.length !== outputs)
    throw new Error(`class_names.txt: ${classes.length} classes for a model of ${outputs} outputs`);
  if (reference.labels.length !== outputs)
    throw new Error(`reference.json: ${reference.labels.length} classes for a model of ${outputs} outputs`);
  const { features, temperature } = info;
  const description = { digest, info, classes, signature, temperature, inputExample, reference };
  const more = { ...(features && { features }), ...(text && { text: text.inputs }) };
  return { description: { ...description, ...more }, files };
}

function readTextInputs(files: VerifiedFiles, maxTokens: number, { embedding }: Reference) {
  const parse = (name: "model/tokenizer.json" | "model/tokenizer_config.json") => readText(files, name, parseTokenizer);
  const tokenizer = { tokenizer: parse("model/tokenizer.json"), config: parse("model/tokenizer_config.json") };
  const encoder = about("model/tokenizer.json", () => createTextEncoder(tokenizer, maxTokens));
  const examples = readText(files, "input_example.json", (content) => parseJson(content, z.array(z.string()).min(1)));
  const rows = nest(rowsOf(examples, encoder, maxTokens), [maxTokens]);
  const createMeasure = () => embedding && createTextMeasure(embedding, readWordTable(files));
  return { inputs: { encoder, examples, createMeasure }, rows };
}

function readWordTable(files: VerifiedFiles): TokenTable {
  return about("model/model.safetensors", () => {
    const [table] = decodeSafetensors(files["model/model.safetensors"], isWordTable).tensors;
    if (!(table?.values instanceof Float32Array)) throw new Error("no word embeddings, which its reference needs");
    return { values: table.values, width: table.shape[1] ?? 0 };
  });
}

/** Reads a verified file as text. Throws an error that names it. */
export function readText<T>(files: VerifiedFiles, name: keyof VerifiedFiles, parse: (text: string) => T): T {
  return about(name, () => parse(new TextDecoder("utf-8", { fatal: true }).decode(files[name])));
}

/** What `read` returns, its error a `BadInputError` that says what can be done. */
export async function withRemedy<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new BadInputError(`the model package in ${folder} can't be used; fetch it again or train anew\n${reason}`, {
      cause: error,
    });
  }
}
