import { variable } from "./inputs.ts";

/** GitHub's own client. It refuses to work for servers other than github.com, and reads where the server is as it is loaded. */
export async function artifactClient() {
  variable("ACTIONS_RUNTIME_TOKEN");
  process.env["GITHUB_SERVER_URL"] = "https://github.com";
  const { DefaultArtifactClient } = await import("@actions/artifact");
  return new DefaultArtifactClient();
}
