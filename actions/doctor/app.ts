import { type Finding, findingsAbout } from "./finding.ts";
import type { Settings } from "./repository.ts";

/** Whether the GitHub App that is to promote has its key; nothing is told where none is set up. */
export function checkApp({ variables, releaseSecrets }: Settings): Finding[] {
  if (!variables?.["SLIPWAY_APP_CLIENT_ID"]) return [];
  const about = findingsAbout("GitHub App");
  if (!releaseSecrets) {
    const remedy = "ask with a token that has Secrets: read and Environments: read";
    return [about.unknown("whether its key is there", remedy)];
  }
  if (releaseSecrets.has("SLIPWAY_APP_PRIVATE_KEY")) return [about.ok("has its key")];
  const reason = "SLIPWAY_APP_CLIENT_ID is set, the secret SLIPWAY_APP_PRIVATE_KEY is not";
  return [about.problem(reason, "add it to the environment that is released into")];
}
