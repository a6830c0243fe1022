import { BadInputError } from "#config/bad-input.ts";
import { type Event, readEvent } from "./event.ts";
import type { GitHub } from "./github.ts";
import { info } from "./log.ts";

/** GitHub, and the repository that the workflow runs in. */
export interface Connected {
  github: GitHub;
  here: Pick<Event, "repository" | "defaultBranch">;
}

/** Reaches GitHub's API by the token of an input; its client is loaded only now. Throws a `BadInputError` without a token. */
export async function connectGitHub(token: string | undefined): Promise<Connected> {
  if (token === undefined)
    throw new BadInputError("The inputs of this action are wrong (its `with:`):\n  token: is missing");
  const { createGitHub } = await import("./github.ts");
  return { github: createGitHub({ token, info }), here: await readEvent() };
}
