import type { LayersModel } from "@tensorflow/tfjs-layers";
import { File, type Group, ready } from "h5wasm/node";
import { kerasConfig } from "./keras-config.ts";
import { Topology } from "./topology.ts";

// The last Keras whose whole-model format was HDF5: Keras 3 reads it as its legacy format, tf_keras as its own.
const kerasVersion = "2.15.0";
const text = "S"; // of variable length: may pass the 64 KiB that HDF5 allows other attributes

/**
 * Writes the model as a Keras .h5 that `keras.models.load_model` of Keras 2 and 3 reads.
 * The same model gives the same bytes. Format: keras/src/legacy/saving/legacy_h5_format.py.
 */
export async function writeKerasH5(path: string, model: LayersModel): Promise<void> {
  await ready;
  const config = kerasConfig(Topology.parse(model.toJSON(null, false)));
  const layers = await Promise.all(model.layers.map(layerWeights));
  atTimeZero(() => {
    const file = new File(path, "w");
    try {
      const root = file.create_group("model_weights");
      for (const group of [file, root]) {
        group.create_attribute("backend", "tensorflow", null, text);
        group.create_attribute("keras_version", kerasVersion, null, text);
      }
      file.create_attribute("model_config", config, null, text);
      root.create_attribute(
        "layer_names",
        layers.map(({ name }) => name),
        null,
        text,
      );
      for (const layer of layers) writeLayer(root.create_group(layer.name), layer);
    } finally {
      file.close();
    }
  });
}

interface LayerWeights {
  readonly name: string;
  readonly weights: readonly { name: string; shape: number[]; values: Float32Array }[];
}

async function layerWeights(layer: LayersModel["layers"][number]): Promise<LayerWeights> {
  const tensors = layer.getWeights(); // in the order of layer.weights, as Keras reads them back
  const weights = tensors.map(async (tensor, index) => ({
    name: `${layer.weights[index]?.originalName.split("/").at(-1)}:0`,
    shape: tensor.shape,
    values: await tensor.data<"float32">(),
  }));
  return { name: layer.name, weights: await Promise.all(weights) };
}

function writeLayer(group: Group, { name, weights }: LayerWeights): void {
  if (weights.length === 0) {
    group.create_attribute("weight_names", new Float32Array(), [0], "<f"); // what Keras writes for an empty list
    return;
  }
  group.create_attribute(
    "weight_names",
    weights.map((weight) => `${name}/${weight.name}`),
    null,
    text,
  );
  const inner = group.create_group(name);
  for (const weight of weights)
    inner.create_dataset({ name: weight.name, data: weight.values, shape: weight.shape, dtype: "<f" });
}

/** HDF5 stamps each object with the time; with the clock standing still, the same model is the same bytes. */
function atTimeZero(write: () => void): void {
  const { now } = Date;
  Date.now = () => 0;
  try {
    write();
  } finally {
    Date.now = now;
  }
}
