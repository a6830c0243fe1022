import { Tokenizer } from "@huggingface/tokenizers";

/** A tokenizer's files: `tokenizer.json` and `tokenizer_config.json`, parsed. */
export interface TokenizerFiles {
  tokenizer: object;
  config: object;
}

/** A tokenizer's JSON. Its keys are words, and may be any: `prototype` is one. */
export function parseTokenizer(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Error("an object was expected");
}

/** Stands where a row of token ids has none. */
export const noToken = -1;

/** How many tokens a row of ids has. */
export function tokenCount(ids: Float32Array): number {
  return ids.reduce((count, id) => count + Number(id !== noToken), 0);
}

export type TextEncoder = ReturnType<typeof createTextEncoder>;

const charactersPerToken = 64; // far more than any language needs; what lies behind is never looked at

/**
 * Makes token ids of texts, special tokens included: at most `maxTokens`, by leaving out what is too much at the end. One
 * endless word costs a tokenizer time by the square of its length, so texts are cut to a length that holds enough first.
 * @throws Error when the files are no tokenizer.
 */
export function createTextEncoder({ tokenizer, config }: TokenizerFiles, maxTokens: number) {
  const encoder = new Tokenizer(tokenizer, config);
  const encode = (text: string, special: boolean) => encoder.encode(text, { add_special_tokens: special }).ids;
  const [bare, dressed] = [encode("a", false), encode("a", true)];
  const prefix = dressed.slice(0, dressed.indexOf(bare[0] ?? noToken));
  const suffix = dressed.slice(prefix.length + bare.length);
  if (bare.length === 0 || dressed.length >= maxTokens)
    throw new Error(
      `${maxTokens} tokens leave no room for a text beside ${prefix.length + suffix.length} special ones`,
    );
  const room = maxTokens - prefix.length - suffix.length;

  return {
    maxTokens,
    vocabulary: encoder.get_vocab().size,
    encode(text: string): number[] {
      const start = text.slice(0, charactersPerToken * maxTokens).toWellFormed();
      return [...prefix, ...encode(start, false).slice(0, room), ...suffix];
    },
  };
}
