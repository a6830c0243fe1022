import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

/** The measurements of Fisher's irises, a row each. */
export async function parseIris(): Promise<number[][]> {
  const text = await readFile(resolve(import.meta.dirname, "../../training/data/samples/iris.csv"), "utf8");
  const lines = text.trim().split("\n").slice(1);
  return lines.map((line) => line.split(",").slice(0, 4).map(Number));
}
