import type { GitHub } from "./github.ts";

/** The login of the token's account; GITHUB_TOKEN's own where it can't be asked for. */
export async function ownLogin(github: GitHub): Promise<string> {
  try {
    const { viewer } = await github.graphql<{ viewer: { login: string } }>("query { viewer { login } }");
    return viewer.login;
  } catch {
    return "github-actions[bot]";
  }
}
