import type { Data, Feature } from "#config/schema.ts";
import type { DataSummary } from "#training/candidate.ts";
import { loadCifar10 } from "./cifar10.ts";
import type { Role } from "./roles.ts";
import { openSource, type SourceOptions } from "./source.ts";
import { loadTable } from "./table.ts";

/** Some examples as the model takes them: `inputs` row by row (`indices.length` x the product of `inputShape`), `labels` as class indices. */
export interface Batch {
  inputs: Float32Array;
  labels: Int32Array;
}

/** The examples of one role. The role is part of the type, so that test examples can't be passed where train is asked for. */
export interface Examples<R extends Role> {
  readonly role: R;
  readonly length: number;
  /** Shape of one example, without the batch. */
  readonly inputShape: readonly number[];
  /** Unique in the data set, and the same in every run over the same content. */
  id(index: number): string;
  /** The class as an index into `Dataset.classes`. */
  label(index: number): number;
  /** Names of the slices that the example belongs to, `class=NAME` of its own class included. */
  slices(index: number): readonly string[];
  read(indices: readonly number[]): Promise<Batch>;
}

/** Examples with their roles and classes. Inputs are raw: in the unit of the data. */
export interface Dataset {
  readonly classes: readonly string[];
  readonly inputShape: readonly number[];
  /** Columns in the order of the inputs; only for tables. */
  readonly features?: readonly Feature[];
  readonly train: Examples<"train">;
  readonly validation: Examples<"validation">;
  readonly test: Examples<"test">;
  readonly summary: DataSummary;
}

/**
 * Reads the data of a model's configuration and gives every example its role.
 * @throws BadInputError naming file, line or record, and reason, up to twenty problems at once.
 */
export async function loadDataset(data: Data, options: SourceOptions = {}): Promise<Dataset> {
  const source = await openSource(data, options);
  switch (data.format) {
    case "table":
      return loadTable(data, source);
    case "cifar10":
      return loadCifar10(data, source);
  }
}
