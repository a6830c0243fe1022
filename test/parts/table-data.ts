import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TableData as Schema, type TableData } from "#config/schema.ts";
import { type Dataset, loadDataset } from "#training/data/dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A configuration of a table of two features, a and b, with what the test wants different. */
export function tableData(changes: Record<string, unknown> = {}): TableData {
  const features = [{ name: "a" }, { name: "b" }];
  return Schema.parse({ format: "table", path: "table.csv", features, label: "kind", ...changes });
}

/** Loads `content` as a CSV file. Told messages go to `told`. */
export async function loadCsv(
  content: string | Uint8Array,
  { data = tableData(), told = [] }: { data?: TableData; told?: string[] } = {},
): Promise<Dataset> {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "data"));
  await writeFile(join(folder.path, "data", data.path), content);
  return await loadDataset(data, { root: folder.path, info: (message) => told.push(message) });
}

/** `count` rows of two classes, as lines of a CSV without its header. */
export function rowsOfTwoKinds(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `${index},${(index % 7) / 10},${index % 2 === 0 ? "odd" : "even"}`,
  );
}

/** Ids of the examples of each role. */
export function idsByRole(dataset: Dataset): Record<"train" | "validation" | "test", string[]> {
  const ids = (role: "train" | "validation" | "test") =>
    Array.from({ length: dataset[role].length }, (_, index) => dataset[role].id(index));
  return { train: ids("train"), validation: ids("validation"), test: ids("test") };
}
