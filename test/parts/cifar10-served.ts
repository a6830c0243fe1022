import "@tensorflow/tfjs-backend-cpu";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { Training } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import { buildModel } from "#training/models/build.ts";
import { writePackage } from "#training/package/write.ts";
import { classes } from "./cifar10.ts";

const side = 32;

/** Bytes of a picture: red, green and blue of each pixel. */
export const picture = Buffer.from(Uint8Array.from({ length: 3 * side * side }, (_, at) => (at * 7) % 256));

/** Writes the package of an untrained network for pictures, as small as `channels` says, or of another. */
export function writeCifar10Package(
  folder: string,
  { channels = [4, 6], model = untrained(channels) }: { channels?: readonly number[]; model?: LayersModel } = {},
): Promise<{ digest: Digest }> {
  const histogram = { edges: [0, 0.25, 0.5, 0.75, 1], counts: [25, 25, 25, 25] };
  return writePackage(folder, {
    model,
    classes,
    info: { name: "cifar10", architecture: "cnn", description: "", temperature: 1 },
    inputExample: Float32Array.from(picture, (value) => value / 255),
    reference: {
      rows: { train: 100, validation: 100 },
      inputs: ["red", "green", "blue"].map((name) => {
        const quantiles = [{ probability: 0.5, value: 0.5 }];
        return { name, count: 100 * side * side, mean: 0.5, std: 0.25, min: 0, max: 1, quantiles, histogram };
      }),
      labels: classes.map(() => 10),
      predictions: classes.map(() => 10),
      confidence: { edges: [0, 0.5, 1], counts: [50, 50] },
    },
  });
}

function untrained(channels: readonly number[]): LayersModel {
  return buildModel("cnn", { inputShape: [side, side, 3], classes: 10 }, Training.parse({ channels }));
}
