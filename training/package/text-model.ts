import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { encodeSafetensors, type NamedTensor } from "#training/checkpoint/safetensors.ts";
import { parameterName } from "#training/models/transformer/layer.ts";
import { assertFits, type Pretrained, parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import type { CheckpointFile } from "#training/pretrained/files.ts";
import { textModelFiles as names, type VerifiedFiles } from "./describe.ts";
import { formatJson } from "./json.ts";
import { formatTextMlModel } from "./ml-model.ts";
import type { ModelInfo, PackageDescription } from "./package.ts";
import { textPythonEnvironment } from "./python-environment.ts";

/** What a model of texts has that others have not. */
export interface TextContents {
  readonly pretrained: Pretrained;
  readonly examples: readonly string[];
}

interface TextModel {
  readonly classes: readonly string[];
  readonly info: ModelInfo;
  readonly text: TextContents;
}

/**
 * The files of a fine-tuned encoder as Hugging Face's `save_pretrained` lays them out in `model/`, and what MLflow's
 * transformers flavour needs beside. Throws where a weight is no number.
 */
export function textModelFiles(
  model: LayersModel,
  { classes, info, text }: TextModel,
): Map<string, Uint8Array | string> {
  const { pretrained, examples } = text;
  const modelClass = { bert: "BertForSequenceClassification", distilbert: "DistilBertForSequenceClassification" }[
    pretrained.shape.kind
  ];
  const tokenizer = tokenizerFiles(pretrained, info.text?.maxTokens ?? 0);
  return new Map<string, Uint8Array | string>([
    ["model/config.json", formatJson(classifierConfig(pretrained, classes, modelClass))],
    ["model/model.safetensors", encodeSafetensors({ tensors: tensorsOf(model), metadata: { format: "pt" } })],
    ...tokenizer.map(([name, content]) => [`model/${name}`, content] as const),
    ...tokenizer.map(([name, content]) => [`components/tokenizer/${name}`, content] as const),
    ...Object.entries(textPythonEnvironment),
    ["MLmodel", formatTextMlModel(info, modelClass)],
    ["input_example.json", formatJson(examples)],
    ["serving_input_example.json", JSON.stringify({ inputs: examples })],
  ]);
}

/** Rebuilds the model on the active backend. Throws an error that names the file at fault. */
export function decodeTextModel(files: VerifiedFiles, { classes, info, text }: PackageDescription): LayersModel {
  const used = new Map<CheckpointFile, Buffer>(names.map((name) => [name, Buffer.from(files[`model/${name}`])]));
  const pretrained = parseCheckpoint({ uri: "model", license: undefined, files: used });
  if (text) assertFits(text.encoder, pretrained.shape);
  for (const name of ["classifier.weight", "classifier.bias"]) {
    if (pretrained.weights.get(name)?.shape[0] !== classes.length)
      throw new Error(`model/model.safetensors: ${name} is not of the ${classes.length} classes in class_names.txt`);
  }
  for (const tensor of pretrained.weights.values()) assertFinite(tensor);
  const frozen = { embeddings: false, blocks: 0 };
  return transformer(pretrained, { classes: classes.length, maxTokens: info.text?.maxTokens ?? 0, frozen, seed: 0 });
}

function classifierConfig({ config }: Pretrained, classes: readonly string[], modelClass: string): object {
  const { _name_or_path, torch_dtype, dtype, ...kept } = config as Record<string, unknown>;
  return {
    ...kept,
    architectures: [modelClass],
    id2label: Object.fromEntries(classes.entries()),
    label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
    problem_type: "single_label_classification",
    dtype: "float32",
  };
}

/** The tokenizer with its truncation; as a class of transformers that needs nothing but these files. */
function tokenizerFiles({ tokenizer }: Pretrained, maxTokens: number): [string, string][] {
  const truncation = { direction: "Right", max_length: maxTokens, strategy: "LongestFirst", stride: 0 };
  const special = {
    unk_token: "[UNK]",
    sep_token: "[SEP]",
    pad_token: "[PAD]",
    cls_token: "[CLS]",
    mask_token: "[MASK]",
  };
  const { name_or_path, added_tokens_decoder, ...config } = tokenizer.config as Record<string, unknown>;
  const settings = {
    ...special,
    ...config,
    model_input_names: ["input_ids", "attention_mask"],
    model_max_length: maxTokens,
    tokenizer_class: "PreTrainedTokenizerFast",
  };
  return [
    ["tokenizer.json", JSON.stringify({ ...tokenizer.tokenizer, truncation, padding: null })],
    ["tokenizer_config.json", formatJson(settings)],
  ];
}

/** Every weight under its name in a checkpoint, in PyTorch's layout. */
function tensorsOf(model: LayersModel): NamedTensor[] {
  const [encoder, classifier] = model.layers;
  const [kernel, bias] = classifier?.getWeights() ?? [];
  if (!encoder || !kernel || !bias) throw new Error("an encoder and a classifier were expected");
  const turned = tf.transpose(kernel);
  const weights = new Map<string, tf.Tensor>([
    ...encoder.weights.map((weight) => [parameterName(weight), weight.read()] as const),
    ["classifier.weight", turned],
    ["classifier.bias", bias],
  ]);
  const tensors = [...weights].map(([name, weight]) => {
    return { name, shape: weight.shape, values: weight.dataSync<"float32">() };
  });
  turned.dispose();
  for (const tensor of tensors) assertFinite(tensor);
  return tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function assertFinite({ name, values }: NamedTensor): void {
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken < 0) return;
  throw new Error(
    `model/model.safetensors: ${name} holds ${values[broken]}; the model diverged or the file is damaged`,
  );
}
