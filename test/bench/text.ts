import { z } from "zod";
import { run } from "./train/run.ts";

// `npm run bench -- text [ROUNDS]`: a fine-tuning step of two sizes, ours, transformers' with PyTorch and Keras' in turn; the
// best of the rounds counts, since a shared machine only ever adds to a time.
const rounds = Number(process.argv[2] ?? 2);
const Cost = z.object({ cpu: z.number(), wall: z.number(), memory: z.number() }); // ms, ms, MiB
const programs = { ours: "step.ts", torch: "step_torch.py", keras: "step_keras.py" } as const;
type Who = keyof typeof programs;
const found: Record<Who, z.infer<typeof Cost>[]>[] = [];

const widths = [384, 768];
for (const width of widths) {
  const costs: Record<Who, z.infer<typeof Cost>[]> = { ours: [], torch: [], keras: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const [who, program] of Object.entries(programs) as [Who, string][]) {
      const cost = Cost.parse((await run(`../text/${program}`, [String(width)])).output);
      costs[who].push(cost);
      const [cpu, wall, memory] = [cost.cpu, cost.wall, cost.memory].map(Math.round);
      console.log(`6 x ${width}, round ${round}, ${who}: ${cpu} ms of CPU, ${wall} ms, ${memory} MiB`);
    }
  }
  found.push(costs);
}

for (const [place, width] of widths.entries()) {
  for (const kind of ["cpu", "wall", "memory"] as const) {
    const best = (who: Who) => Math.min(...(found[place]?.[who] ?? []).map((cost) => cost[kind]));
    console.log(`ratio step-${width}-${kind} ${(best("ours") / Math.min(best("torch"), best("keras"))).toFixed(3)}`);
  }
}
