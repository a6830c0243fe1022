import { z } from "zod";
import { readFlags } from "#serving/flags.ts";

export const help = `Compares what a model was asked and answered with the statistics in its package.

  npm run drift -- --package FOLDER --log FILE

  --package FOLDER   the model package that was served
  --log FILE         what the server has logged, by its REQUEST_LOG
  --since TIME       only requests from this time on, such as 2026-11-01 or 2026-11-01T12:00:00Z
  --until TIME       and before this one
  --psi V            smallest population stability index that counts (0.2)
  --p P              largest chance, for all comparisons together, that counts (0.01)
  --min-rows N       fewer requests say nothing (200)
  --out FILE         the page (outputs/drift.html); its figures go beside it as JSON, and for an issue as Markdown

Exit codes: 0 nothing drifted or too few requests, 3 drifted, 42 bad arguments, package or log, 1 anything else.`;

const time = z.coerce.date();

const Arguments = z.strictObject({
  package: z.string().optional(),
  log: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
  psi: z.coerce.number().positive().default(0.2),
  p: z.coerce.number().positive().lt(1).default(0.01),
  "min-rows": z.coerce.number().int().positive().default(200),
  out: z.string().default("outputs/drift.html"),
  help: z.boolean().default(false),
});

/** The program's arguments. @throws BadInputError for wrong ones. */
export function readArguments(args: readonly string[]): z.infer<typeof Arguments> {
  return readFlags(args, Arguments);
}
