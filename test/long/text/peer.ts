import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "#config/schema.ts";
import { readTools } from "#config/tools.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { adamDefaults } from "#training/graph/optimizer.ts";
import { grouped } from "#training/train/grouped.ts";
import { learningRateAt } from "#training/train/schedule.ts";
import { createShuffle } from "#training/train/shuffle.ts";

const Answers = z.array(z.array(z.number()));

export interface PeerOptions {
  root: string;
  name: string;
  outputs: string; // the answers are kept there
}

/**
 * Probabilities of the test examples, row by row, after PyTorch and transformers have trained by the same configuration:
 * the same examples in the same batches at the same learning rates.
 */
export async function peerAnswers(config: Config, { root, name, outputs }: PeerOptions): Promise<number[][]> {
  const kept = join(outputs, "torch", `${name}.json`);
  if (!existsSync(kept)) {
    await mkdir(join(outputs, "torch"), { recursive: true });
    const python = readTools(root).oraclesPython;
    if (!python) throw new Error("no Python with PyTorch: run `npm test`, whose set-up prepares it");
    const script = join(import.meta.dirname, "peer.py");
    const child = spawn(python, [script, kept], { stdio: ["pipe", "inherit", "inherit"] });
    child.stdin.end(JSON.stringify(await recipeOf(config, root)));
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`${script} ended with ${code}`);
  }
  return Answers.parse(JSON.parse(await readFile(kept, "utf8")));
}

async function recipeOf({ data, training }: Config, root: string) {
  const dataset = await loadDataset(data, { root });
  if ("inputShape" in dataset) throw new Error("texts were expected");
  const { train, validation, test, classes } = dataset;
  const { batchSize, epochs, seed, weightDecay, clipNorm, transformer } = training;
  const shuffle = createShuffle(train.length, seed);
  const sized = { size: train.bytes };
  const rowsOf = ({ length, texts, label }: typeof train | typeof validation | typeof test) => {
    const indices = [...Array(length).keys()];
    return { texts: texts(indices), labels: indices.map((index) => label(index)) };
  };
  const steps = Math.ceil(train.length / batchSize);
  return {
    checkpoint: transformer.checkpoint,
    ...{ classes: classes.length, maxTokens: transformer.maxTokens, batchSize, seed },
    ...{ weightDecay, clipNorm, epsilon: adamDefaults.epsilon },
    ...{ train: rowsOf(train), validation: rowsOf(validation), test: rowsOf(test) },
    orders: Array.from({ length: epochs }, () => grouped(shuffle(), sized, batchSize)),
    rates: Array.from({ length: epochs * steps }, (_, step) => learningRateAt(step, steps, training)),
  };
}
