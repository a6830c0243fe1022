import type { Data, Feature } from "#config/schema.ts";
import type { TextData } from "#config/text.ts";
import type { DataSummary } from "#training/candidate.ts";
import { loadCifar10 } from "./cifar10.ts";
import type { Role } from "./roles.ts";
import { openSource, type SourceOptions } from "./source.ts";
import { loadTable } from "./table.ts";
import { loadText } from "./text/load.ts";

/**
 * Some examples as the model takes them: `inputs` row by row (`indices.length` x the product of `inputShape`, or less where
 * examples have a `size`), `labels` as class indices.
 */
export interface Batch {
  inputs: Float32Array;
  labels: Int32Array;
}

/** The examples of one role. The role is part of the type, so that test examples can't be passed where train is asked for. */
interface Labelled<R extends Role> {
  readonly role: R;
  readonly length: number;
  /** Unique in the data set, and the same in every run over the same content. */
  id(index: number): string;
  /** The class as an index into `Dataset.classes`. */
  label(index: number): number;
  /** Names of the slices that the example belongs to, `class=NAME` of its own class included. */
  slices(index: number): readonly string[];
}

/** Examples that are numbers. */
export interface Examples<R extends Role> extends Labelled<R> {
  /** Shape of one example, without the batch. */
  readonly inputShape: readonly number[];
  /** About how long an example is, where that differs: batches of like ones are narrower. */
  size?(index: number): number;
  read(indices: readonly number[]): Promise<Batch>;
}

/** Examples that are texts: a model's own tokenizer makes numbers of them. */
export interface TextExamples<R extends Role> extends Labelled<R> {
  texts(indices: readonly number[]): string[];
  /** Of the text, in UTF-8. */
  bytes(index: number): number;
}

interface Described {
  readonly classes: readonly string[];
  readonly summary: DataSummary;
}

/** Examples with their roles and classes. Inputs are raw: in the unit of the data. */
export interface Dataset extends Described {
  readonly inputShape: readonly number[];
  /** Columns in the order of the inputs; only for tables. */
  readonly features?: readonly Feature[];
  readonly train: Examples<"train">;
  readonly validation: Examples<"validation">;
  readonly test: Examples<"test">;
}

/** The same of texts, which stay on disk. */
export interface TextDataset extends Described {
  readonly train: TextExamples<"train">;
  readonly validation: TextExamples<"validation">;
  readonly test: TextExamples<"test">;
}

/**
 * Reads the data of a model's configuration and gives every example its role.
 * @throws BadInputError naming file, line or record, and reason, up to twenty problems at once.
 */
export async function loadDataset(data: TextData, options?: SourceOptions): Promise<TextDataset>;
export async function loadDataset(data: Exclude<Data, TextData>, options?: SourceOptions): Promise<Dataset>;
export async function loadDataset(data: Data, options?: SourceOptions): Promise<Dataset | TextDataset>;
export async function loadDataset(data: Data, options: SourceOptions = {}): Promise<Dataset | TextDataset> {
  const source = await openSource(data, options);
  switch (data.format) {
    case "table":
      return loadTable(data, source);
    case "cifar10":
      return loadCifar10(data, source);
    case "text":
      return loadText(data, source);
  }
}
