import { z } from "zod";
import { readFlags } from "#serving/flags.ts";

export const help = `Loads a model server and writes what came of it to a page.

  npm run loadtest -- --url http://localhost:8000     a server that runs
  npm run loadtest                                    a server of its own, of the release last promoted on this machine

  --model NAME       of the server of its own (iris)
  --env ENV          of the server of its own (dev)
  --package FOLDER   a model package instead of a release
  --users N          who send the next request once the last was answered (50)
  --seconds S        for how long (60)
  --rate R           requests a second of all users together (as many as are answered)
  --out FILE         the page (outputs/load-test.html)
  --max-failed P     percent of failed requests that are too many (0)
  --max-p95 MS       95 % must be answered within (any time)

Users send the examples of the server's own API document, with the bearer token that the variable API_TOKEN holds. Exit
codes: 0 done, 3 too many failed or too slow, 42 bad arguments, 1 anything else. For Locust there is
test/load/locustfile.py.`;

const number = z.coerce.number().nonnegative();

const Arguments = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).optional(),
  model: z.string().default("iris"),
  env: z.string().default("dev"),
  package: z.string().optional(),
  users: number.int().positive().default(50),
  seconds: number.positive().default(60),
  rate: number.positive().optional(),
  out: z.string().default("outputs/load-test.html"),
  "max-failed": number.default(0),
  "max-p95": number.default(Infinity),
  help: z.boolean().default(false),
});

/** The program's arguments. @throws BadInputError for wrong ones. */
export function readArguments(args: readonly string[]): z.infer<typeof Arguments> {
  return readFlags(args, Arguments);
}
