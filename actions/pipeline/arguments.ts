import { parseArgs } from "node:util";
import { BadInputError } from "#config/bad-input.ts";

/** What `npm start` was asked to do. */
export interface Arguments {
  env: string;
  model: string;
  root: string | undefined; // this checkout when absent
  set: string[];
  sweep: boolean;
  dryRun: boolean;
  help: boolean;
}

export const help = `Takes a model from its data to a release in production: train, evaluate, gate, register, promote.

  npm start                                  iris, in the dev environment
  npm start -- --model cifar10 --env dev

--env ENV         environment: a file config/ENV.yaml (dev)
--model MODEL     model: a file config/models/MODEL.yaml (iris)
--root FOLDER     repository of the models, which holds config/, data/ and manifests/ (this one)
--set PATH=VALUE  a setting of the configuration, such as training.epochs=50; may be repeated
--sweep           train each trial of the model's sweep (sweep: in its file); the best on the validation examples goes on.
                  What is done is not done again: after a stop, the same command goes on
--dry-run         tell what would be done and why, and change nothing
--help            this text

Exit codes: 0 done or nothing to do, 3 the gate failed, 4 held (inconclusive, or MLflow was away), 42 bad data or
configuration, 130 interrupted, 143 terminated, 1 anything else.`;

/** Parses the command line. Throws a `BadInputError` with the help for an option that does not exist. */
export function readArguments(args: string[]): Arguments {
  try {
    const { values } = parseArgs({
      args,
      options: {
        env: { type: "string", default: "dev" },
        model: { type: "string", default: "iris" },
        root: { type: "string" },
        set: { type: "string", multiple: true, default: [] },
        sweep: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return { ...values, root: values.root, dryRun: values["dry-run"] };
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}\n\n${help}`, { cause });
  }
}
