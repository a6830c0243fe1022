import type { Sequential } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { type Dataset, loadDataset } from "#training/data/dataset.ts";
import type { DataFile } from "#training/data/manifest.ts";
import type { SourceOptions } from "#training/data/source.ts";
import { buildModel } from "#training/models/build.ts";
import { assertFits, type Pretrained, parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { checkpointManifest, openCheckpoint } from "#training/pretrained/files.ts";
import { tokenized } from "#training/text/tokenized.ts";
import { createTextEncoder, type TextEncoder } from "#training/text/tokenizer.ts";

/** What training on texts starts from. */
export interface TextBasis {
  pretrained: Pretrained;
  encoder: TextEncoder;
  files: DataFile[]; // of the checkpoint
}

/**
 * Brings the checkpoint that a transformer starts from; `undefined` for other architectures.
 * @throws BadInputError when there is none, or texts have no transformer.
 */
export async function openBasis(config: Config, options: SourceOptions): Promise<TextBasis | undefined> {
  const { architecture, data } = config;
  const { checkpoint, maxTokens } = config.training.transformer;
  if (architecture !== "transformer" && data.format === "text")
    throw new BadInputError(`architecture ${architecture} takes numbers; for texts there is transformer`);
  if (architecture !== "transformer") return undefined;
  if (checkpoint === undefined)
    throw new BadInputError("architecture transformer needs training.transformer.checkpoint: a folder, s3:// or hf://");
  const { root = process.cwd(), info = () => undefined, signal } = options;
  const files = await openCheckpoint(checkpoint, { root, info, signal });
  const pretrained = parseCheckpoint(files);
  try {
    const encoder = createTextEncoder(pretrained.tokenizer, maxTokens);
    assertFits(encoder, pretrained.shape);
    return { pretrained, encoder, files: checkpointManifest(files) };
  } catch (cause) {
    throw new BadInputError(`the checkpoint ${checkpoint}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Reads the data; texts as the checkpoint's tokenizer makes numbers of them. */
export async function loadExamples(
  config: Config,
  basis: TextBasis | undefined,
  options: SourceOptions,
): Promise<{ dataset: Dataset; texts?: readonly string[] }> {
  const dataset = await loadDataset(config.data, options);
  if ("inputShape" in dataset) return { dataset };
  if (!basis) throw new BadInputError(`architecture ${config.architecture} takes no texts`);
  const shown = Math.min(3, dataset.validation.length);
  return { dataset: tokenized(dataset, basis.encoder), texts: dataset.validation.texts([...Array(shown).keys()]) };
}

/** The model to train: the checkpoint's encoder with a new head, or one with random weights. Empties the checkpoint's. */
export function createModel(config: Config, dataset: Dataset, basis: TextBasis | undefined): Sequential {
  const { architecture, training } = config;
  const { maxTokens, freeze } = training.transformer;
  const classes = dataset.classes.length;
  if (basis) {
    const { pretrained } = basis;
    const model = transformer(pretrained, { classes, maxTokens, frozen: freeze, seed: training.seed });
    pretrained.weights.clear(); // the model has its own
    return model;
  }
  return buildModel(architecture, { inputShape: dataset.inputShape, classes }, training);
}
