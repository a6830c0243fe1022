import "@tensorflow/tfjs-backend-cpu";
import type { Digest } from "#training/candidate.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { writePackage } from "#training/package/write.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { rowsOf } from "#training/text/tokenized.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";
import { writeSmallCheckpoint } from "./small-checkpoint.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const classes = ["billing", "product", "shipping"];
const examples = ["Where is my parcel?", "I paid TWICE for the lamp!"];
const maxTokens = 16;

/** Writes the package of a small untrained transformer for texts. */
export async function writeTextPackage(folder: string): Promise<{ digest: Digest }> {
  await using checkpoint = await temporaryFolder();
  await writeSmallCheckpoint(checkpoint.path);
  const pretrained = parseCheckpoint(await openCheckpoint(checkpoint.path, { root: ".", info: () => undefined }));
  const model = transformer(pretrained, {
    ...{ classes: classes.length, maxTokens, seed: 3 },
    frozen: { embeddings: false, blocks: 0 },
  });
  const tokens = { count: 2, mean: 8, std: 2, min: 2, max: 16, quantiles: [{ probability: 0.5, value: 8 }] };
  return await writePackage(folder, {
    model,
    classes,
    info: {
      ...{ name: "text", architecture: "transformer", description: "", temperature: 1 },
      text: { maxTokens, classes: classes.length, pretrained: { uri: "small" } },
    },
    inputExample: rowsOf(examples, createTextEncoder(pretrained.tokenizer, maxTokens)),
    text: { pretrained, examples },
    reference: {
      rows: { train: 2, validation: 2 },
      inputs: [{ name: "tokens", ...tokens, histogram: { edges: [0, 8, 16], counts: [1, 1] } }],
      labels: [1, 1, 0],
      predictions: [2, 0, 0],
      confidence: { edges: [0, 0.5, 1], counts: [0, 2] },
    },
  });
}
