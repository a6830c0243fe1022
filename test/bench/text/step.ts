import { Training } from "#config/schema.ts";
import { measured } from "#test/bench/train/measured.ts";
import { startNative } from "#test/parts/native.ts";
import { createStep } from "#training/train/step.ts";
import { encoderOf, vocabulary } from "./encoder.ts";

// CPU and wall milliseconds of a fine-tuning step of a DistilBERT of the given width, and peak memory in MiB: texts of 128
// tokens, dropout and AdamW as they are; step_torch.py and step_keras.py are the same
const [hidden = 0, rows = 0] = process.argv.slice(2).map(Number);
const [tokens, steps] = [128, 6];
await startNative();
const model = encoderOf(hidden, tokens);
const step = createStep(model, Training.parse({ optimizer: "adamw", clipNorm: 1 }));
const batch = {
  inputs: Float32Array.from({ length: rows * tokens }, (_, place) => 1 + ((place * 7919) % (vocabulary - 1))),
  labels: Int32Array.from({ length: rows }, (_, row) => row % 2),
};
const cost = measured(() => step.fit(batch, 5e-5), steps);
console.log(JSON.stringify({ ...cost, memory: process.resourceUsage().maxRSS / 1024 }));
