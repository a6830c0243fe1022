import { BadInputError } from "#config/bad-input.ts";
import { decodeSafetensors, type NamedTensor } from "#training/checkpoint/safetensors.ts";
import { parseJson } from "#training/package/json.ts";
import { type CheckpointFile, type CheckpointFiles, weightsFile } from "#training/pretrained/files.ts";
import { parseTokenizer, type TextEncoder, type TokenizerFiles } from "#training/text/tokenizer.ts";
import { tokenizerOfVocabulary } from "#training/text/vocabulary.ts";
import { parametersOf } from "./parameters.ts";
import { EncoderConfig, type EncoderShape, shapeOf } from "./shape.ts";

/** An encoder with its tokenizer, as a checkpoint holds them. */
export interface Pretrained {
  source: { uri: string; license?: string | undefined };
  config: EncoderConfig;
  shape: EncoderShape;
  tokenizer: TokenizerFiles;
  /** By the names of a classifier with this encoder, as far as the checkpoint has them. Some hundred megabytes. */
  weights: Map<string, NamedTensor>;
}

/**
 * Reads a checkpoint's files.
 * @throws BadInputError naming the file at fault, for what is no encoder that can be computed here.
 */
export function parseCheckpoint({ uri, license, files }: CheckpointFiles): Pretrained {
  const read = <T>(name: CheckpointFile, parse: (text: string) => T): T => {
    try {
      return parse(files.get(name)?.toString("utf8") ?? "{}");
    } catch (cause) {
      throw new BadInputError(`${uri}, ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  };
  const config = read("config.json", (text) => parseJson(text, EncoderConfig));
  const tokenizerConfig = read("tokenizer_config.json", parseTokenizer);
  const tokenizer = files.has("tokenizer.json")
    ? read("tokenizer.json", parseTokenizer)
    : read("vocab.txt", (text) => tokenizerOfVocabulary(text, tokenizerConfig));
  const shape = shapeOf(config);
  try {
    const weights = namedWeights(files.get(weightsFile) ?? Buffer.alloc(0), shape);
    return { source: { uri, license }, config, shape, tokenizer: { tokenizer, config: tokenizerConfig }, weights };
  } catch (cause) {
    throw new BadInputError(`${uri}, ${weightsFile}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Throws when the tokenizer gives ids, or more of them, than the encoder has embeddings for. */
export function assertFits({ vocabulary, maxTokens }: TextEncoder, shape: EncoderShape): void {
  if (vocabulary > shape.vocabulary)
    throw new Error(`tokenizer.json: ${vocabulary} tokens, where config.json has a vocabulary of ${shape.vocabulary}`);
  if (maxTokens > shape.positions)
    throw new Error(`config.json: it reads at most ${shape.positions} tokens, less than maxTokens ${maxTokens}`);
}

/** Weights by the names of `parametersOf`, whatever a checkpoint without a head, or an old one, calls them. */
function namedWeights(bytes: Buffer, shape: EncoderShape): Map<string, NamedTensor> {
  const wanted = new Map<string, string>();
  const heads = ["classifier.weight", "classifier.bias"];
  for (const name of [...parametersOf(shape).map((parameter) => parameter.name), ...heads]) {
    const old = name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta");
    for (const alias of [name, old]) {
      wanted.set(alias, name);
      wanted.set(alias.replace(`${shape.kind}.`, ""), name); // of the bare encoder
    }
  }
  const { tensors } = decodeSafetensors(bytes, (name) => wanted.has(name));
  return new Map(tensors.map((tensor) => [wanted.get(tensor.name) ?? tensor.name, tensor]));
}
