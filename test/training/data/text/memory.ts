// Loads a large file of texts and prints by how much the resident memory grew at most, in bytes.
import { TextData } from "#config/text.ts";
import { loadDataset } from "#training/data/dataset.ts";

const data = TextData.parse({ format: "text", path: "large.csv", root: process.argv[2] });
globalThis.gc?.();
const before = process.memoryUsage.rss();
let peak = before;
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 5);
const { summary, train } = await loadDataset(data);
clearInterval(timer);
const rows = Object.values(summary.rows).reduce((sum, count) => sum + count, 0);
const [text] = train.texts([train.length - 1]);
process.stdout.write(JSON.stringify({ grownBytes: peak - before, rows, text: text?.slice(0, 40) }));
