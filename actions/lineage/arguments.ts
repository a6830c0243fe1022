import { parseArgs } from "node:util";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/** What `npm run lineage` was asked to tell. */
export interface Arguments {
  at: Date;
  env: string | undefined;
  model: string | undefined;
  repository: string;
  branch: string;
  json: boolean;
  help: boolean;
}

export const help = `Tells what was in production at a given time, from the git history of the manifests.

  npm run lineage -- --at 2026-11-01
  npm run lineage -- --at 2026-11-01T12:00+01:00 --env prod --model iris --json

--at TIME            a day (its end), or a time; both in UTC unless an offset is given (now)
--env ENV            one environment
--model MODEL        one model
--repository FOLDER  a git repository with its whole history: this checkout, or what npm start promotes into,
                     outputs/ENV/gitops (.)
--branch BRANCH      branch that the cluster follows (the one that is checked out)
--json               an array of objects, with all that is known
--help               this text

A release counts from the commit that brought it to the branch, which the cluster follows seconds later.
Exit codes: 0 told, also where nothing was in production yet, 42 wrong input or repository, 1 anything else.`;

const Time = z.union([
  z.iso.date().transform((day) => new Date(`${day}T23:59:59.999Z`)),
  z.iso.datetime({ offset: true, local: true, precision: -1 }).transform(inUtc),
  z.iso.datetime({ offset: true, local: true }).transform(inUtc),
]);

/** Parses the command line. Throws a `BadInputError` with the help for an option that does not exist, or a time that is none. */
export function readArguments(args: string[]): Arguments {
  const values = parsed(args);
  const at = values.at === undefined ? { success: true as const, data: new Date() } : Time.safeParse(values.at);
  if (!at.success) {
    throw new BadInputError(
      `--at ${values.at}: is no day like 2026-11-01 and no time like 2026-11-01T12:00Z\n\n${help}`,
    );
  }
  return { ...values, env: values.env, model: values.model, at: at.data };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        at: { type: "string" },
        env: { type: "string" },
        model: { type: "string" },
        repository: { type: "string", default: "." },
        branch: { type: "string", default: "HEAD" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}\n\n${help}`, { cause });
  }
}

function inUtc(time: string): Date {
  return new Date(/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
}
