import { z } from "zod";

/** An `action.yml`. https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax */
export const ActionFile = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z
    .record(
      z.string(),
      z.strictObject({ description: z.string(), required: z.boolean().default(false), default: z.string().optional() }),
    )
    .default({}),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string().optional() })).default({}),
  runs: z.union([
    z.strictObject({ using: z.literal("node24"), main: z.string() }),
    z.strictObject({ using: z.literal("composite"), steps: z.array(z.looseObject({})) }),
  ]),
});
export type ActionFile = z.infer<typeof ActionFile>;
