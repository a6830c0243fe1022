import { parseArgs } from "node:util";
import { BadInputError } from "#config/bad-input.ts";

export const help = `Trains a model to a candidate: a model package and candidate.json, in OUTPUTS/MODEL/HASH and in models.uri.

  node training/train/main.ts --env ENV --model MODEL [--root FOLDER] [--set KEY=VALUE ...]

  --env ENV        environment, of config/ENV.yaml
  --model MODEL    model, of config/models/MODEL.yaml
  --root FOLDER    repository of the models, which holds config/ and data/; this one when absent
  --set KEY=VALUE  overrides the configuration, as often as needed
  --help           this text

Stopped or killed, it goes on from its last checkpoint when it is started again with the same data, code and configuration.
The run goes to MLflow at tracking.uri; while that does not answer it stays in its journal (npm run replay).
Exit codes: 0 trained or trained before, 42 bad data or configuration, 130 interrupted, 143 preempted, 1 anything else.`;

/** The program's arguments; `undefined` when help was asked for. Throws a `BadInputError` for wrong ones. */
export function readArguments(
  args: string[],
): { env: string; model: string; root: string | undefined; set: string[] } | undefined {
  const { env, model, root, set, help: isHelp } = parsed(args);
  if (isHelp) return undefined;
  if (env === undefined || model === undefined)
    throw new BadInputError("--env and --model are required; --help lists the arguments");
  return { env, model, root, set };
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
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}; --help lists the arguments`, { cause });
  }
}
