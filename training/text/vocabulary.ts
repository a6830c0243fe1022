import { z } from "zod";

const Options = z.looseObject({
  do_lower_case: z.boolean().default(true),
  tokenize_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  unk_token: z.string().default("[UNK]"),
  cls_token: z.string().default("[CLS]"),
  sep_token: z.string().default("[SEP]"),
  pad_token: z.string().default("[PAD]"),
  mask_token: z.string().default("[MASK]"),
});

/**
 * The `tokenizer.json` of a checkpoint that has only BERT's `vocab.txt`, a token a line: what transformers'
 * `BertTokenizerFast` makes of the same files.
 * @throws Error when the vocabulary lacks a special token.
 */
export function tokenizerOfVocabulary(vocabulary: string, config: object): object {
  const options = Options.parse(config);
  const tokens = vocabulary.replace(/\n$/, "").split(/\r?\n/);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const special = (token: string) => {
    const id = ids.get(token);
    if (id === undefined) throw new Error(`the vocabulary of ${tokens.length} tokens lacks ${token}`);
    return { id, content: token, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  };
  const { cls_token: cls, sep_token: sep } = options;
  const specials = [options.pad_token, options.unk_token, cls, sep, options.mask_token].map(special);
  const part = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const named = (token: string) => ({ id: token, ids: [ids.get(token)], tokens: [token] });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials.sort((a, b) => a.id - b.id),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: options.tokenize_chinese_chars,
      strip_accents: options.strip_accents ?? null,
      lowercase: options.do_lower_case,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [part(cls, 0), sequence("A", 0), part(sep, 0)],
      pair: [part(cls, 0), sequence("A", 0), part(sep, 0), sequence("B", 1), part(sep, 1)],
      special_tokens: { [cls]: named(cls), [sep]: named(sep) },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: options.unk_token,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}
