import { measured } from "#test/bench/train/measured.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";
import { messages } from "./messages.ts";

// CPU and wall milliseconds of making token ids of the short messages, at most 128 of each; tokenize.py is the same with
// Hugging Face's own library
const [checkpoint = ""] = process.argv.slice(2);
const { tokenizer } = parseCheckpoint(await openCheckpoint(checkpoint, { root: ".", info: () => undefined }));
const encoder = createTextEncoder(tokenizer, 128);
const { train } = await messages();
const texts = train.texts([...Array(train.length).keys()]);
console.log(JSON.stringify({ ...measured(() => texts.map(encoder.encode), 4), texts }));
