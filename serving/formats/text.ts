import { noToken, type TextEncoder, tokenCount } from "#training/text/tokenizer.ts";
import type { RequestFormat } from "./format.ts";

const bytesPerToken = 256; // of a text in JSON

/** A text: an object with the text in it. The model's input is a row of token ids, filled up with -1. */
export function textFormat(encoder: TextEncoder, example: string): RequestFormat {
  const { maxTokens, vocabulary } = encoder;
  const isId = (value: number) => Number.isInteger(value) && value >= noToken && value < vocabulary;
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
    encode: (body) => {
      const row = new Float32Array(maxTokens).fill(noToken);
      row.set(encoder.encode((body as { text: string }).text));
      return row;
    },
    measure: (input) => Float32Array.of(tokenCount(input)),
    tensor: {
      datatype: "FP32",
      shape: [maxTokens],
      fault(values) {
        const at = values.findIndex((value) => !isId(value));
        return at < 0
          ? undefined
          : `token ${at} is ${values[at]}, where an id from -1 to ${vocabulary - 1} is expected`;
      },
    },
  };
}
