import { Training } from "#config/schema.ts";
import { measured } from "#test/bench/train/measured.ts";
import { startNative } from "#test/parts/native.ts";
import { parametersOf } from "#training/models/transformer/parameters.ts";
import { EncoderConfig, shapeOf } from "#training/models/transformer/shape.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { createStep } from "#training/train/step.ts";

// CPU and wall milliseconds of a fine-tuning step of a DistilBERT of the given width, and peak memory in MiB: 8 texts of 128
// tokens, dropout and AdamW as they are; step_torch.py and step_keras.py are the same
const hidden = Number(process.argv[2]);
const [rows, tokens, vocabulary, steps] = [8, 128, 30_522, 6];
await startNative();
const sizes = { vocab_size: vocabulary, max_position_embeddings: 512, n_layers: 6, n_heads: 12 };
const config = EncoderConfig.parse({ model_type: "distilbert", dim: hidden, hidden_dim: 4 * hidden, ...sizes });
const shape = shapeOf(config);
const tensors = parametersOf(shape).map(({ name, shape: sides, start }) => {
  const values = new Float32Array(sides.reduce((product, side) => product * side, 1)).fill(Number(start === "ones"));
  const spread = (_: number, place: number) => (((place * 0.618034) % 1) - 0.5) * 0.07;
  return { name, shape: sides, values: start === "normal" ? values.map(spread) : values };
});
const tokenizer = { tokenizer: {}, config: {} };
const weights = new Map(tensors.map((tensor) => [tensor.name, tensor]));
const frozen = { embeddings: false, blocks: 0 };
const model = transformer(
  { source: { uri: "random" }, config, shape, tokenizer, weights },
  { classes: 2, maxTokens: tokens, frozen, seed: 1 },
);
tensors.length = 0;
weights.clear();
const step = createStep(model, Training.parse({ optimizer: "adamw", clipNorm: 1 }));
const batch = {
  inputs: Float32Array.from({ length: rows * tokens }, (_, place) => 1 + ((place * 7919) % (vocabulary - 1))),
  labels: Int32Array.from({ length: rows }, (_, row) => row % 2),
};
const cost = measured(() => step.fit(batch, 5e-5), steps);
console.log(JSON.stringify({ ...cost, memory: process.resourceUsage().maxRSS / 1024 }));
