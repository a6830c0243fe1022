import { parseArgs } from "node:util";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { Digest } from "#training/candidate.ts";

export const help = `Evaluates a candidate, beside the champion if there is one, and writes evaluation.json and predictions.jsonl.

  node training/evaluate/main.ts --env ENV --model MODEL --candidate FOLDER --out FOLDER [options]

  --env ENV                 environment, of config/ENV.yaml
  --model MODEL             model, of config/models/MODEL.yaml
  --candidate FOLDER        holds candidate.json and model/
  --out FOLDER              where to write the evaluation
  --role ROLE               examples to evaluate on: test, or validation (default)
  --model-digest DIGEST     what the candidate's package must be; candidate.json says it when absent
  --champion-version V      version, model digest and package (folder or s3://) of the model in production:
  --champion-digest DIGEST  all three or none
  --champion-package URI
  --root FOLDER             repository of the models, which holds config/ and data/; this one when absent
  --set KEY=VALUE           overrides the configuration, as often as needed
  --help                    this text

Exit codes: 0 done, 42 bad data, configuration or package, 1 anything else.`;

const options = {
  env: { type: "string" },
  model: { type: "string" },
  candidate: { type: "string" },
  out: { type: "string" },
  role: { type: "string" },
  "model-digest": { type: "string" },
  "champion-version": { type: "string" },
  "champion-digest": { type: "string" },
  "champion-package": { type: "string" },
  root: { type: "string" },
  set: { type: "string", multiple: true },
  help: { type: "boolean" },
} as const;

const text = z.string({ error: "is required" }).min(1);

const Arguments = z
  .object({
    env: text,
    model: text,
    candidate: text,
    out: text,
    role: z.enum(["validation", "test"]).default("validation"), // a look at test examples must be meant
    "model-digest": Digest.optional(),
    "champion-version": text.optional(),
    "champion-digest": Digest.optional(),
    "champion-package": text.optional(),
    root: text.optional(),
    set: z.array(z.string()).default([]),
  })
  .transform(
    (
      { "champion-version": version, "champion-digest": modelDigest, "champion-package": packageUri, ...rest },
      context,
    ) => {
      if (version && modelDigest && packageUri) return { ...rest, champion: { version, modelDigest, packageUri } };
      if (version || modelDigest || packageUri) {
        context.addIssue({
          code: "custom",
          message: "a champion needs --champion-version, --champion-digest and --champion-package",
        });
      }
      return { ...rest, champion: undefined };
    },
  );

/** The program's arguments; `undefined` when help was asked for. Throws a `BadInputError` that tells all problems. */
export function readArguments(args: string[]): z.infer<typeof Arguments> | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  const result = Arguments.safeParse(values);
  if (!result.success) throw new BadInputError(`wrong arguments; --help lists them\n${z.prettifyError(result.error)}`);
  return result.data;
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}; --help lists the arguments`, { cause });
  }
}
