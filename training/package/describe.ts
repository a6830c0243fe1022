import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import { about } from "./about.ts";
import { parseClassNames } from "./class-names.ts";
import { parseJson } from "./json.ts";
import { parseMlModel } from "./ml-model.ts";
import { flatten } from "./nested.ts";
import { type PackageDescription, Rows } from "./package.ts";
import { Reference } from "./reference.ts";
import { verifyFiles } from "./verify.ts";

const used = [
  "MLmodel",
  "class_names.txt",
  "input_example.json",
  "model.json",
  "reference.json",
  "weights.bin",
] as const;

/** The bytes of a package's files that were verified, by name. */
export type VerifiedFiles = Readonly<Record<(typeof used)[number], Uint8Array>>;

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
  const { digest, files } = await verifyFiles(folder, used, expected);
  const { info, signature } = readText(files, "MLmodel", parseMlModel);
  const classes = readText(files, "class_names.txt", parseClassNames);
  const reference = readText(files, "reference.json", (text) => parseJson(text, Reference));
  const inputExample = readText(files, "input_example.json", (text) => parseJson(text, Rows));
  about("input_example.json", () => flatten(inputExample, signature.inputs.shape.slice(1)));
  const outputs = signature.outputs.shape[1];
  if (classes.length !== outputs)
    throw new Error(`class_names.txt: ${classes.length} classes for a model of ${outputs} outputs`);
  if (reference.labels.length !== outputs)
    throw new Error(`reference.json: ${reference.labels.length} classes for a model of ${outputs} outputs`);
  const { features, temperature } = info;
  const description = { digest, info, classes, signature, temperature, inputExample, reference };
  return { description: { ...description, ...(features && { features }) }, files };
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
