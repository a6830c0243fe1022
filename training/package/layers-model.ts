import { io } from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import { z } from "zod";
import { about } from "./about.ts";
import { formatJson, parseJson } from "./json.ts";
import { stableNames } from "./layer-names.ts";
import { Topology } from "./topology.ts";

const WeightSpec = z.strictObject({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()).max(6),
  dtype: z.literal("float32"),
});

/** `model.json` of the TensorFlow.js layers format, with all weights in one file. */
const ModelJson = z.strictObject({
  format: z.literal("layers-model"),
  generatedBy: z.string(),
  convertedBy: z.null(),
  modelTopology: Topology,
  weightsManifest: z.tuple([
    z.strictObject({ paths: z.tuple([z.literal("weights.bin")]), weights: z.array(WeightSpec) }),
  ]),
});

/** A model in the TensorFlow.js layers format: `loadLayersModel` of any tfjs reads it. */
export interface EncodedModel {
  readonly "model.json": string;
  readonly "weights.bin": Uint8Array;
}

/** Encodes topology and weights under `name`; what tfjs named by chance is named by its place, so that a model has one encoding. */
export async function encodeLayersModel(model: LayersModel, name: string): Promise<EncodedModel> {
  const { modelTopology, weightSpecs = [], weightData } = await artifactsOf(model);
  const names = stableNames(model.layers.map((layer) => layer.name));
  const topology = JSON.parse(JSON.stringify(modelTopology), (_key, value) => names.get(value) ?? value);
  topology.config.name = name;
  const weights = weightSpecs.map(({ name, shape, dtype }) => {
    const [layer = "", ...rest] = name.split("/");
    return { name: [names.get(layer) ?? layer, ...rest].join("/"), shape, dtype };
  });
  const json = {
    format: "layers-model",
    generatedBy: "TensorFlow.js tfjs-layers",
    convertedBy: null,
    modelTopology: topology,
  };
  return {
    "model.json": formatJson({ ...json, weightsManifest: [{ paths: ["weights.bin"], weights }] }),
    "weights.bin": new Uint8Array(io.concatenateArrayBuffers([weightData ?? []].flat())),
  };
}

/**
 * Rebuilds the model on the active backend. Throws an error that names `model.json` or `weights.bin` on anything that is not
 * a plain layers model with one input, one output and finite float32 weights of the right number and shapes.
 */
export async function decodeLayersModel(encoded: EncodedModel): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = about("model.json", () => parseJson(encoded["model.json"], ModelJson));
  const weightSpecs = weightsManifest[0].weights;
  const bytes = encoded["weights.bin"];
  const wanted =
    4 * weightSpecs.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  if (bytes.byteLength !== wanted)
    throw new Error(`weights.bin: ${bytes.byteLength} bytes, model.json needs ${wanted}`);
  const weightData = new Uint8Array(bytes).buffer; // its own copy: a Buffer may start at an odd place in a shared one
  const values = new Float32Array(weightData);
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new Error(`weights.bin: weight ${broken} is ${values[broken]}; the model diverged or the file is damaged`);
  let model: LayersModel;
  try {
    model = await loadLayersModel(io.fromMemory({ modelTopology, weightSpecs, weightData }));
  } catch (error) {
    throw new Error(
      `model.json: topology and weights do not make a model: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new Error(
      `model.json: ${model.inputs.length} inputs and ${model.outputs.length} outputs; one of each was expected`,
    );
  }
  return model;
}

async function artifactsOf(model: LayersModel): Promise<io.ModelArtifacts> {
  let artifacts: io.ModelArtifacts | undefined;
  const handler = io.withSaveHandler(async (saved) => {
    artifacts = saved;
    return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(saved) };
  });
  await model.save(handler);
  if (!artifacts) throw new Error(`tfjs saved nothing of the model ${model.name}`);
  return artifacts;
}
