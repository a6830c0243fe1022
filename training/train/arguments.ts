import { parseArgs } from "node:util";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { Digest, GitState } from "#training/candidate.ts";

/** What the program was asked to do. */
interface Arguments {
  env: string;
  model: string;
  root: string | undefined; // this checkout when absent
  set: string[];
  expectedHash?: Digest | undefined;
  gitSha?: string | undefined;
  trialIndex?: number | undefined; // of the model's sweep
}

export const help = `Trains a model to a candidate: a model package and candidate.json, in OUTPUTS/MODEL/HASH and in models.uri.

  node training/train/main.ts --env ENV --model MODEL [--root FOLDER] [--set KEY=VALUE ...] [--content-hash HASH] [--git-sha SHA]
    [--trial-index N]

  --env ENV        environment, of config/ENV.yaml
  --model MODEL    model, of config/models/MODEL.yaml
  --root FOLDER    repository of the models, which holds config/ and data/; this one when absent
  --set KEY=VALUE  overrides the configuration, as often as needed
  --content-hash HASH  what the content must be, sha256:...: data, code or configuration that differ end it with 42
  --git-sha SHA    the commit it is made for, where --root is no checkout
  --trial-index N  one trial of the model's sweep, from 0, as a pod of an Indexed Job has it; --content-hash is the sweep's.
                   A loss that diverges is a result like others: it ends with 0
  --help           this text

Stopped or killed, it goes on from its last checkpoint when it is started again with the same data, code and configuration.
The run goes to MLflow at tracking.uri; while that does not answer it stays in its journal (npm run replay).
Exit codes: 0 trained or trained before, 42 bad data or configuration, 130 interrupted, 143 preempted, 1 anything else.`;

/** The program's arguments; `undefined` when help was asked for. Throws a `BadInputError` for wrong ones. */
export function readArguments(args: string[]): Arguments | undefined {
  const values = parsed(args);
  const { env, model, root, set, help: isHelp, "content-hash": expectedHash, "git-sha": gitSha } = values;
  if (isHelp) return undefined;
  if (env === undefined || model === undefined)
    throw new BadInputError("--env and --model are required; --help lists the arguments");
  const names = z.object({
    expectedHash: Digest.optional(),
    gitSha: GitState.shape.sha.optional(),
    trialIndex: z.coerce.number().int().nonnegative().optional(),
  });
  const { success, error, data } = names.safeParse({ expectedHash, gitSha, trialIndex: values["trial-index"] });
  if (!success) throw new BadInputError(`--content-hash, --git-sha or --trial-index: ${z.prettifyError(error)}`);
  return { env, model, root, set, ...data };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        env: { type: "string" },
        model: { type: "string" },
        root: { type: "string" },
        set: { type: "string", multiple: true, default: [] },
        "content-hash": { type: "string" },
        "git-sha": { type: "string" },
        "trial-index": { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}; --help lists the arguments`, { cause });
  }
}
