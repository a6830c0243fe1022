import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GitHub } from "#actions/io/github.ts";
import type { Config } from "#config/schema.ts";
import { openGitHubTarget } from "./github-target.ts";
import { overlayPath } from "./overlay.ts";

export interface OverlayPlace {
  root: string; // a checkout of the repository that the workflow runs in
  /** Called where releases go to another repository or branch than that. `here` is the one the workflow runs in. */
  connect: () => Promise<{ github: GitHub; here: { repository: string; defaultBranch: string | undefined } }>;
}

/** The text of a model's overlay in the branch that its releases go to; `undefined` where it is not served. */
export async function overlayText(
  { env, model, promotion }: Pick<Config, "env" | "model" | "promotion">,
  { root, connect }: OverlayPlace,
): Promise<string | undefined> {
  const path = overlayPath(env, model);
  if (promotion.repository === undefined && promotion.branch === undefined) {
    return await readFile(join(root, path), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  }
  const { github, here } = await connect();
  const { committer } = await openGitHubTarget(github, here, promotion);
  return await committer.read(await committer.head(), path);
}
