import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Digest } from "#training/candidate.ts";
import { about } from "./about.ts";
import { readText, readVerified, type VerifiedFiles, withRemedy } from "./describe.ts";
import { decodeLayersModel } from "./layers-model.ts";
import type { ModelPackage } from "./package.ts";
import { signatureOf } from "./signature.ts";
import { decodeTextModel } from "./text-model.ts";

/**
 * Reads the model package in `folder`, its model alive on the active backend. Every byte is verified before any is used:
 * the list of files by `expected`, where it is given, and each file by the list. Nothing in a package is executed.
 * Throws a `BadInputError` that names the file at fault.
 */
export async function readPackage(folder: string, expected?: Digest): Promise<ModelPackage> {
  return await withRemedy(folder, async () => {
    const { description, files } = await readVerified(folder, expected);
    const file = description.text ? "model/config.json" : "model.json";
    const model = description.text ? decodeTextModel(files, description) : await decodeModel(files);
    try {
      const actual = about(file, () => signatureOf(model));
      if (JSON.stringify(actual) !== JSON.stringify(description.signature))
        throw new Error(`MLmodel: the signature is not of the shapes in ${file}`);
      return { ...description, model };
    } catch (error) {
      model.dispose();
      throw error;
    }
  });
}

async function decodeModel(files: VerifiedFiles): Promise<LayersModel> {
  return await decodeLayersModel({
    "model.json": readText(files, "model.json", String),
    "weights.bin": files["weights.bin"],
  });
}
