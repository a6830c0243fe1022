import { parseArgs } from "node:util";
import { BadInputError } from "#config/bad-input.ts";

export const help = `Tells what keeps the pipeline from running, here and on GitHub, each with its remedy.

  npm run doctor
  GITHUB_TOKEN=$(gh auth token) npm run doctor -- --env prod

--env ENV                 environment: a file config/ENV.yaml (dev)
--root FOLDER             repository of the models (this one)
--set PATH=VALUE          a setting of the configuration; may be repeated
--repository OWNER/NAME   repository on GitHub (the remote "origin" of the root)
--help                    this text

Without GITHUB_TOKEN or GH_TOKEN nothing on GitHub is looked at. The token of an administrator sees most: a finding is
"unknown" where it takes more than this one. Writes nothing but one small object into models.uri, and deletes it at once.

Exit codes: 0 no problem, 1 a problem, 42 bad arguments.`;

/** What the doctor was asked to look at; `undefined`: only for the help. Throws a `BadInputError` for an option that does not exist. */
export function readArguments(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        env: { type: "string", default: "dev" },
        root: { type: "string" },
        set: { type: "string", multiple: true, default: [] },
        repository: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    return values.help ? undefined : values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}\n\n${help}`, { cause });
  }
}
