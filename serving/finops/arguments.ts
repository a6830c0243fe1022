import { z } from "zod";
import { readFlags } from "#serving/flags.ts";

export const help = `What serving a model costs, from what was measured of it.

  npm run finops -- --url http://localhost:8000      by what that server has measured of its own requests
  npm run finops -- --cpu-ms 0.4                     by a figure of yours

  --url URL           a model server that has predicted for a while (npm run loadtest makes it)
  --cpu-ms MS         CPU time of a prediction, instead
  --gpu-ms MS         time of a prediction on a GPU, when you have measured it (a batch's, by its rows)
  --candidate FILE    candidate.json of a training whose cost is wanted too
  --env ENV           of whose configuration \`cost\` is the price table (dev)
  --model NAME        of the same (iris)
  --prices FILE       a price table in YAML instead, as \`cost\` is one
  --rates LIST        requests a second to price (10,100,1000,10000)
  --traffic R         mean requests a second of the simulated months (100)
  --swing S           share by which a day's peak is above its mean (0.6)
  --noise D           deviation of the logarithm of an hour's traffic (0.2)
  --growth G          share by which a month's end is above its beginning (0.1)
  --months N          months to simulate (1000)
  --seed N            draws other months (42)
  --target MS         all but --late of the requests are to be answered within (100)
  --late SHARE        (0.05)
  --replicas N        at least so many, so that one may fail (2)
  --out FILE          the page (outputs/cost.html); its figures go beside it as JSON

Exit codes: 0 done, 42 bad arguments or price table, 1 anything else.`;

const number = z.coerce.number();
const share = number.min(0).max(1);

const Arguments = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).optional(),
    "cpu-ms": number.positive().optional(),
    "gpu-ms": number.positive().optional(),
    candidate: z.string().optional(),
    env: z.string().default("dev"),
    model: z.string().default("iris"),
    prices: z.string().optional(),
    rates: z
      .string()
      .default("10,100,1000,10000")
      .transform((text) => text.split(",").map(Number))
      .pipe(z.array(z.number().positive())),
    traffic: number.positive().default(100),
    swing: share.default(0.6),
    noise: number.nonnegative().default(0.2),
    growth: number.gt(-1).default(0.1),
    months: number.int().positive().max(100_000).default(1000),
    seed: number.int().default(42),
    target: number.positive().default(100),
    late: share.default(0.05),
    replicas: number.int().positive().default(2),
    out: z.string().default("outputs/cost.html"),
    help: z.boolean().default(false),
  })
  .refine((args) => args.help || (args.url === undefined) !== (args["cpu-ms"] === undefined), {
    error: "name either --url or --cpu-ms",
  });

/** The program's arguments. @throws BadInputError for wrong ones. */
export function readArguments(args: readonly string[]): z.infer<typeof Arguments> {
  return readFlags(args, Arguments);
}
