import { z } from "zod";
import { run } from "./run.ts";

const Output = z.object({
  accuracy: z.number(),
  stages: z.record(z.string(), z.number()), // ms
  rows: z.object({ train: z.number(), validation: z.number(), test: z.number() }).optional(),
});

/** One life of a program, from its start to its exit, in milliseconds. */
export type Life = z.infer<typeof Output> & { wall: number };

/** Runs NAME.ts and then NAME.py, which gets as many examples to train and validate on as the other found. */
export async function runBoth(name: string, root: string, epochs: number): Promise<{ ours: Life; keras: Life }> {
  const live = async (script: string, counts: readonly number[]): Promise<Life> => {
    const { output, wall } = await run(script, [root, ...counts.map(String)]);
    return { ...Output.parse(output), wall };
  };
  const ours = await live(`${name}.ts`, [epochs]);
  const { train = 0, validation = 0 } = ours.rows ?? {};
  return { ours, keras: await live(`${name}.py`, [epochs, train, validation]) };
}

/** The stages of a life in one line; what they leave over is the start of Python, and the exit. */
export function describe({ accuracy, stages, wall }: Life): string {
  const rest = wall - Object.values(stages).reduce((sum, ms) => sum + ms, 0);
  const parts = Object.entries({ ...stages, "all else": rest }).map(([stage, ms]) => `${stage} ${ms.toFixed(0)}`);
  return `${wall.toFixed(0)} ms (${parts.join(", ")}), test accuracy ${accuracy.toFixed(3)}`;
}
