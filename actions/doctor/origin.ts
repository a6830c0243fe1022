import { createGit } from "#actions/gitops/git.ts";

/** A repository on a GitHub server. `apiUrl` is absent for github.com. */
export interface Origin {
  owner: string;
  repo: string;
  apiUrl?: string;
}

/** The repository that the remote `origin` of a checkout names; `undefined` where there is none. */
export async function readOrigin(root: string): Promise<Origin | undefined> {
  try {
    return parseRemote(await createGit({ folder: root })(["remote", "get-url", "origin"]));
  } catch {
    return undefined;
  }
}

/** Reads `https://HOST/OWNER/NAME(.git)`, `ssh://git@HOST/OWNER/NAME(.git)` and `git@HOST:OWNER/NAME(.git)`. */
export function parseRemote(remote: string): Origin | undefined {
  const pattern =
    /^(?:(?:https|ssh):\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/|[^@/]+@([^/:]+):)([^/]+)\/([^/]+?)(?:\.git)?\/?$/;
  const [, byUrl, byPath, owner, repo] = pattern.exec(remote.trim()) ?? [];
  const host = byUrl ?? byPath;
  if (!host || !owner || !repo) return undefined;
  return { owner, repo, ...(host !== "github.com" && { apiUrl: `https://${host}/api/v3` }) };
}
