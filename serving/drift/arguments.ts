import { z } from "zod";
import { Drift } from "#config/drift.ts";
import { readFlags } from "#serving/flags.ts";

export const help = `Compares what a model was asked and answered with the statistics in its package.

  npm run drift -- --package FOLDER --log FILE

  --package FOLDER   the model package that was served, or s3://
  --log FILE         what the server has logged, by its REQUEST_LOG; or a folder or s3:// with all that servers have
                     logged, in files that end in .jsonl or .jsonl.gz
  --since TIME       only requests from this time on, such as 2026-11-01 or 2026-11-01T12:00:00Z
  --until TIME       and before this one
  --psi V            smallest population stability index that counts (0.2)
  --p P              largest chance, for all comparisons together, that counts (0.01)
  --min-rows N       fewer requests say nothing (200)
  --out FILE         the page (outputs/drift.html); its figures go beside it as JSON

Exit codes: 0 nothing drifted or too few requests, 3 drifted, 42 bad arguments, package or log, 1 anything else.`;

const time = z.coerce.date();
const { psi, p, minimumRows } = Drift.parse({});

const Arguments = z.strictObject({
  package: z.string().optional(),
  log: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
  psi: z.coerce.number().positive().default(psi),
  p: z.coerce.number().positive().lt(1).default(p),
  "min-rows": z.coerce.number().int().positive().default(minimumRows),
  out: z.string().default("outputs/drift.html"),
  help: z.boolean().default(false),
});

/** The program's arguments. @throws BadInputError for wrong ones. */
export function readArguments(args: readonly string[]): z.infer<typeof Arguments> {
  return readFlags(args, Arguments);
}
