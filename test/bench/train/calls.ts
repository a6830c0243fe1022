import { z } from "zod";
import { run } from "./run.ts";

const Cost = z.object({ cpu: z.number(), wall: z.number() }); // ms
const Parts = z.object({ feed: z.number(), run: z.number(), read: z.number() }); // ms
const Size = z.object({ rows: z.number(), infer: Cost, step: Cost.optional(), parts: Parts.optional() });
const Calls = z.object({ sizes: z.array(Size), memory: z.number() }); // MiB

/** What training steps and inference of the CNN cost at some batch sizes, and the peak memory of the process. */
export type Calls = z.infer<typeof Calls>;
export type Size = z.infer<typeof Size>;

export async function measureCalls(
  script: "cnn.ts" | "cnn.py" | "cnn-torch.py",
  rows: readonly number[],
  threads?: number,
): Promise<Calls> {
  return Calls.parse((await run(script, rows.map(String), threads)).output);
}
