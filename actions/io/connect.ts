import { BadInputError } from "#config/bad-input.ts";
import { readEvent } from "./event.ts";
import type { GitHub } from "./github.ts";
import { info } from "./log.ts";

/**
 * GitHub's API for the token of an input, and the repository that the workflow runs in; what reaches it is loaded only now.
 * Throws a `BadInputError` without a token.
 */
export async function connectGitHub(token: string | undefined): Promise<{ github: GitHub; repository: string }> {
  if (token === undefined)
    throw new BadInputError("The inputs of this action are wrong (its `with:`):\n  token: is missing");
  const { createGitHub } = await import("./github.ts");
  return { github: createGitHub({ token, info }), repository: (await readEvent()).repository };
}
