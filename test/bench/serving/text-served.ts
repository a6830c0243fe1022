import { join, resolve } from "node:path";
import { readTools } from "#config/tools.ts";
import { startNative } from "#test/parts/native.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { writePackage } from "#training/package/write.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { rowsOf } from "#training/text/tokenized.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";

const root = resolve(import.meta.dirname, "../../..");
const classes = ["billing", "product", "shipping"];
const maxTokens = 128;

const sentences = [
  "Please refund the 35 euros for the backpack.",
  "Is the tent waterproof, and does it come with poles?",
  "My parcel was due on Monday and has not moved since it left the depot in Leipzig.",
  "Thanks.",
  "The refund for the lamp has not reached my account, although you confirmed it two weeks ago by mail.",
  "Where is it?",
];

/** Texts of one to six sentences, which are 5 to 90 tokens: what people write to a shop. */
export const texts = Array.from({ length: 24 }, (_, at) =>
  Array.from({ length: 1 + (at % 6) }, (__, sentence) => sentences[(at * 5 + sentence * 7) % sentences.length]).join(
    " ",
  ),
);

/** Writes the package of a six-layer MiniLM with a new head; its folder `model` is a checkpoint as Hugging Face has them. */
export async function writeTextPackage(folder: string): Promise<{ checkpoint: string; maxTokens: number }> {
  await startNative();
  const { miniLm } = readTools(root);
  if (!miniLm) throw new Error("no MiniLM: run `node .ci/setup.mjs bench`, which brings it");
  const pretrained = parseCheckpoint(await openCheckpoint(miniLm, { root: ".", info: () => undefined }));
  const frozen = { embeddings: false, blocks: 0 };
  const model = transformer(pretrained, { classes: classes.length, maxTokens, frozen, seed: 3 });
  const tokens = { count: 24, mean: 45, std: 25, min: 5, max: 90, quantiles: [{ probability: 0.5, value: 45 }] };
  const info = { maxTokens, classes: classes.length, pretrained: { uri: "MiniLM" } };
  await writePackage(folder, {
    model,
    classes,
    info: { name: "text", architecture: "transformer", description: "", temperature: 1, text: info },
    inputExample: rowsOf(texts.slice(0, 2), createTextEncoder(pretrained.tokenizer, maxTokens)),
    text: { pretrained, examples: texts.slice(0, 2) },
    reference: {
      rows: { train: 24, validation: 24 },
      inputs: [{ name: "tokens", ...tokens, histogram: { edges: [0, 32, 64, 128], counts: [8, 8, 8] } }],
      labels: classes.map(() => 8),
      predictions: classes.map(() => 8),
      confidence: { edges: [0, 0.5, 1], counts: [12, 12] },
    },
  });
  return { checkpoint: join(folder, "model"), maxTokens };
}
