import { performance } from "node:perf_hooks";
import { Training } from "#config/schema.ts";
import { startNative } from "#test/parts/native.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { tokenized } from "#training/text/tokenized.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";
import { grouped } from "#training/train/grouped.ts";
import { createStep } from "#training/train/step.ts";
import { encoderOf } from "./encoder.ts";
import { messages } from "./messages.ts";

// Wall milliseconds of a pass through every eighth of the short messages, 16 at a time, by a DistilBERT of width 384: batches
// of like lengths, as wide as they need. The second pass counts: the first compiles.
const [tokens, batchSize, share] = [128, 16, 8];
await startNative();
const [checkpoint = ""] = process.argv.slice(2);
const { tokenizer } = parseCheckpoint(await openCheckpoint(checkpoint, { root: ".", info: () => undefined }));
const { train } = tokenized(await messages(), createTextEncoder(tokenizer, tokens));
const chosen = Array.from({ length: Math.floor(train.length / share / batchSize) * batchSize }, (_, at) => at * share);
const order = grouped(chosen, train, batchSize);
const step = createStep(encoderOf(384, tokens), Training.parse({ optimizer: "adamw", clipNorm: 1, batchSize }));
const pass = async () => {
  for (let start = 0; start < order.length; start += batchSize)
    step.fit(await train.read(order.slice(start, start + batchSize)), 5e-5);
};
await pass();
const startMs = performance.now();
await pass();
console.log(JSON.stringify({ wall: performance.now() - startMs, steps: order.length / batchSize }));
