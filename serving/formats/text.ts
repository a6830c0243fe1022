import { noToken, type TextEncoder, tokenCount } from "#training/text/tokenizer.ts";
import type { RequestFormat } from "./format.ts";

const bytesPerToken = 256; // of a text in JSON

/** A text: an object with the text in it. The model's input is a row of token ids, filled up with -1. */
export function textFormat(encoder: TextEncoder, example: string): RequestFormat {
  const { maxTokens } = encoder;
  const encode = (text: string): Float32Array => {
    const row = new Float32Array(maxTokens).fill(noToken);
    row.set(encoder.encode(text));
    return row;
  };
  return {
    schema: {
      type: "object",
      description: `A text. What is longer than ${maxTokens} tokens is cut`,
      additionalProperties: false,
      required: ["text"],
      properties: { text: { type: "string", minLength: 1 } },
      examples: [{ text: example }],
    },
    bodyLimitBytes: 65_536 + bytesPerToken * maxTokens,
    encode: (body) => encode((body as { text: string }).text),
    measure: (input) => Float32Array.of(tokenCount(input)),
    tensor: { datatype: "BYTES", shape: [], encode },
  };
}
