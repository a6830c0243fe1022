import { resolve } from "node:path";
import { TextData } from "#config/text.ts";
import { loadDataset, type TextDataset } from "#training/data/dataset.ts";

const folder = resolve(import.meta.dirname, "../../../../shared/data/text");

/** The short messages of ../shared/data/text. */
export async function messages(): Promise<TextDataset> {
  const data = TextData.parse({ format: "text", root: folder, path: "sms_spam.csv" });
  const dataset = await loadDataset(data, {});
  if ("inputShape" in dataset) throw new Error("texts were expected");
  return dataset;
}
