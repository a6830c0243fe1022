import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TextData } from "#config/text.ts";
import { loadDataset, type TextDataset } from "#training/data/dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A configuration of texts, with what the test wants different. */
export function textData(changes: Record<string, unknown> = {}): TextData {
  return TextData.parse({ format: "text", path: "texts.csv", ...changes });
}

/** Loads CSV files by their keys; a single content is texts.csv. Told messages go to `told`. */
export async function loadTexts(
  content: string | Uint8Array | Record<string, string>,
  { data = textData(), told = [] }: { data?: TextData; told?: string[] } = {},
): Promise<TextDataset> {
  await using folder = await temporaryFolder();
  const files = typeof content === "string" || ArrayBuffer.isView(content) ? { [data.path]: content } : content;
  for (const [key, bytes] of Object.entries(files)) {
    const path = join(folder.path, "data", key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return await loadDataset(data, { root: folder.path, info: (message) => told.push(message) });
}

const moods = { good: ["fine", "great", "lovely", "superb"], bad: ["awful", "boring", "poor", "sad"] };

/** `count` rows of two classes, all different, as lines of a CSV without its header. */
export function rowsOfTwoMoods(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const mood = index % 2 === 0 ? "good" : "bad";
    return `number ${index} was ${moods[mood][(index >> 1) % 4]},${mood}`;
  });
}

/** Texts of each role. */
export function textsByRole(dataset: TextDataset): Record<"train" | "validation" | "test", string[]> {
  const texts = (role: "train" | "validation" | "test") => dataset[role].texts([...Array(dataset[role].length).keys()]);
  return { train: texts("train"), validation: texts("validation"), test: texts("test") };
}
