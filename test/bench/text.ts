import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { run } from "./train/run.ts";

// `npm run bench -- text [--rounds N] [384 | 768 | epoch | tokenizer ...]`: a fine-tuning step of two sizes, ours,
// transformers' with PyTorch and Keras' in turn; a pass through short messages in batches as wide as they need, against as many
// of the better peer's steps of fixed width; and making token ids. The best of the rounds counts, since a shared machine only
// ever adds to a time.
const args = process.argv.slice(2);
const rounds = args[0] === "--rounds" ? Number(args.splice(0, 2)[1]) : 2;
const isAsked = (name: string) => args.length === 0 || args.includes(name);
const checkpoint = readTools(resolve(import.meta.dirname, "../..")).miniLm ?? "";
const Cost = z.object({ cpu: z.number(), wall: z.number(), memory: z.number().default(0) }); // ms, ms, MiB
type Cost = z.infer<typeof Cost>;
const programs = { ours: "step.ts", torch: "step_torch.py", keras: "step_keras.py" } as const;
type Who = keyof typeof programs;
const kinds = ["cpu", "wall", "memory"] as const;

for (const width of ["384", "768"].filter(isAsked)) {
  const best = await steps(["ours", "torch", "keras"], width, 8);
  for (const kind of kinds)
    ratio(`step-${width}-${kind}`, best.ours[kind], Math.min(best.torch[kind], best.keras[kind]));
}

if (isAsked("epoch")) {
  const peers = await steps(["torch", "keras"], "384", 16);
  const passes = [];
  for (let round = 1; round <= rounds; round++) {
    const { output } = await run("../text/epoch.ts", [checkpoint]);
    passes.push(z.object({ wall: z.number(), steps: z.int() }).parse(output));
    console.log(`epoch, round ${round}, ours: ${Math.round(passes.at(-1)?.wall ?? 0)} ms`);
  }
  const fixed = Math.min(peers.torch.wall, peers.keras.wall) * (passes[0]?.steps ?? Number.NaN);
  ratio("epoch-wall", Math.min(...passes.map(({ wall }) => wall)), fixed);
}

if (isAsked("tokenizer")) {
  await using folder = await temporaryFolder();
  const texts = join(folder.path, "texts.json");
  const best = { ours: Infinity, peer: Infinity };
  for (let round = 1; round <= rounds; round++) {
    const { output } = await run("../text/tokenize.ts", [checkpoint]);
    const ours = Cost.extend({ texts: z.array(z.string()) }).parse(output);
    await writeFile(texts, JSON.stringify(ours.texts));
    const peer = Cost.parse((await run("../text/tokenize_hf.py", [checkpoint, texts])).output);
    const [mine, theirs] = [ours.cpu, peer.cpu].map(Math.round);
    console.log(`${ours.texts.length} texts, round ${round}: ours ${mine} ms of CPU, Hugging Face ${theirs} ms`);
    best.ours = Math.min(best.ours, ours.cpu);
    best.peer = Math.min(best.peer, peer.cpu);
  }
  ratio("tokenizer", best.ours, best.peer);
}

/** The least that each program's step cost in any round. */
async function steps<W extends Who>(who: readonly W[], width: string, rows: number): Promise<Record<W, Cost>> {
  const best = Object.fromEntries(who.map((each) => [each, { cpu: Infinity, wall: Infinity, memory: Infinity }]));
  for (let round = 1; round <= rounds; round++) {
    for (const each of who) {
      const cost = Cost.parse((await run(`../text/${programs[each]}`, [width, String(rows)])).output);
      const [cpu, wall, memory] = kinds.map((kind) => Math.round(cost[kind]));
      console.log(`6 x ${width}, ${rows} texts, round ${round}, ${each}: ${cpu} ms of CPU, ${wall} ms, ${memory} MiB`);
      for (const kind of kinds)
        best[each] = { ...(best[each] ?? cost), [kind]: Math.min(best[each]?.[kind] ?? 0, cost[kind]) };
    }
  }
  return best as Record<W, Cost>;
}

function ratio(name: string, ours: number, peer: number): void {
  console.log(`ratio ${name} ${(ours / peer).toFixed(3)}`);
}
