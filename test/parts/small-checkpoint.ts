import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { encodeSafetensors } from "#training/checkpoint/safetensors.ts";
import { parametersOf } from "#training/models/transformer/parameters.ts";
import { EncoderConfig, shapeOf } from "#training/models/transformer/shape.ts";

const sample = resolve(import.meta.dirname, "../../training/data/samples/sample-small/requests.csv");
const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const poisonous = ["constructor", "prototype", "__proto__"]; // as keys of an object
const license = "cc0-1.0";

/** Writes a checkpoint of random weights, so small that it trains in seconds; its vocabulary is the sample's words. */
export async function writeSmallCheckpoint(folder: string, kind: "bert" | "distilbert" = "distilbert"): Promise<void> {
  const words = (await readFile(sample, "utf8")).toLowerCase().match(/[a-zà-ÿ]+|\p{P}/gu) ?? [];
  const counts = Map.groupBy(words, (word) => word);
  const known = [...counts].filter(([, met]) => met.length > 3).map(([word]) => word);
  const pieces = letters.flatMap((letter) => [letter, `##${letter}`]);
  const vocabulary = [...new Set([...special, ...pieces, ...poisonous, ...known])];
  const sizes = { vocab_size: vocabulary.length, max_position_embeddings: 64, initializer_range: 0.2 };
  const config =
    kind === "bert"
      ? { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 }
      : { dim: 32, n_layers: 2, n_heads: 2, hidden_dim: 64 };
  const whole = { model_type: kind, ...config, ...sizes };
  const random = xoroshiro128plus(7);
  const noise = () => (random.next() / 2 ** 31) * 0.3;
  const tensors = parametersOf(shapeOf(EncoderConfig.parse(whole)))
    .filter(({ name }) => name.startsWith(kind))
    .map(({ name, shape, start }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(
        start === "ones" ? 1 : 0,
      );
      return { name, shape, values: start === "normal" ? values.map(noise) : values };
    });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(whole));
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors({ tensors, metadata: { format: "pt" } }));
  await writeFile(join(folder, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify({ do_lower_case: true }));
  await writeFile(join(folder, "README.md"), `---\nlanguage: en\nlicense: ${license}\n---\n`);
}
