import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import { about } from "./about.ts";
import { parseClassNames } from "./class-names.ts";
import { parseJson } from "./json.ts";
import { decodeLayersModel } from "./layers-model.ts";
import { parseMlModel } from "./ml-model.ts";
import { flatten } from "./nested.ts";
import { type ModelPackage, Rows } from "./package.ts";
import { Reference } from "./reference.ts";
import { signatureOf } from "./signature.ts";
import { verifyFiles } from "./verify.ts";

const used = [
  "MLmodel",
  "class_names.txt",
  "input_example.json",
  "model.json",
  "reference.json",
  "weights.bin",
] as const;

/**
 * Reads the model package in `folder`, its model alive on the active backend. Every byte is verified before any is used:
 * the list of files by `expected`, where it is given, and each file by the list. Nothing in a package is executed.
 * Throws a `BadInputError` that names the file at fault.
 */
export async function readPackage(folder: string, expected?: Digest): Promise<ModelPackage> {
  try {
    const { digest, files } = await verifyFiles(folder, used, expected);
    return { digest, ...(await readFiles(files)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new BadInputError(`the model package in ${folder} can't be used; fetch it again or train anew\n${reason}`, {
      cause: error,
    });
  }
}

async function readFiles(files: Record<(typeof used)[number], Uint8Array>): Promise<Omit<ModelPackage, "digest">> {
  const read = <T>(name: (typeof used)[number], parse: (text: string) => T): T =>
    about(name, () => parse(new TextDecoder("utf-8", { fatal: true }).decode(files[name])));
  const { info, signature } = read("MLmodel", parseMlModel);
  const classes = read("class_names.txt", parseClassNames);
  const reference = read("reference.json", (text) => parseJson(text, Reference));
  const inputExample = read("input_example.json", (text) => parseJson(text, Rows));
  about("input_example.json", () => flatten(inputExample, signature.inputs.shape.slice(1)));
  const model = await decodeLayersModel({
    "model.json": read("model.json", String),
    "weights.bin": files["weights.bin"],
  });
  try {
    const actual = about("model.json", () => signatureOf(model));
    const outputs = actual.outputs.shape[1];
    if (JSON.stringify(actual) !== JSON.stringify(signature))
      throw new Error("MLmodel: the signature is not of the shapes in model.json");
    if (classes.length !== outputs)
      throw new Error(`class_names.txt: ${classes.length} classes for a model of ${outputs} outputs`);
    if (reference.labels.length !== outputs)
      throw new Error(`reference.json: ${reference.labels.length} classes for a model of ${outputs} outputs`);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const { features, temperature } = info;
  return { info, classes, signature, ...(features && { features }), temperature, model, inputExample, reference };
}
