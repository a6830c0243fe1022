import type { TextInputs } from "#training/package/package.ts";
import { noToken, tokenCount } from "#training/text/tokenizer.ts";
import type { RequestFormat } from "./format.ts";

const bytesPerToken = 256; // of a text in JSON
const mostTexts = 64;

/** A text: an object with the text in it, or a list of such. The model's input is a row of token ids, filled up with -1. */
export function textFormat({ encoder, examples, createMeasure }: TextInputs): RequestFormat {
  const { maxTokens } = encoder;
  const one = {
    type: "object",
    additionalProperties: false,
    required: ["text"],
    properties: { text: { type: "string", minLength: 1 } },
  };
  const encode = (text: string): Float32Array => {
    const row = new Float32Array(maxTokens).fill(noToken);
    row.set(encoder.encode(text));
    return row;
  };
  return {
    schema: {
      description: `A text, or a list of up to ${mostTexts}. What is longer than ${maxTokens} tokens is cut`,
      if: { type: "array" }, // and not anyOf, which would tell of a wrong text that it is no list
      // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
      then: { type: "array", minItems: 1, maxItems: mostTexts, items: one },
      else: one,
      examples: [{ text: examples[0] ?? "" }],
    },
    bodyLimitBytes: 65_536 + bytesPerToken * maxTokens * mostTexts,
    encode: (body) => encode(textIn(body)),
    encodeList: (body) => (Array.isArray(body) ? body.map((each) => encode(textIn(each))) : undefined),
    measure: createMeasure() ?? ((input) => Float32Array.of(tokenCount(input))),
    tensor: { datatype: "BYTES", shape: [], encode },
  };
}

function textIn(body: unknown): string {
  return (body as { text: string }).text; // the schema has accepted it
}
