// actions/download-artifact: the real client
import { matchesGlob, resolve } from "node:path";
import { z } from "zod";
import { artifactClient } from "./artifact-client.ts";
import { flag, inputsOf, setOutput, variable } from "./inputs.ts";

const inputs = inputsOf({
  name: z.string().optional(),
  pattern: z.string().optional(),
  path: z.string().default("."),
  "merge-multiple": flag.default(false),
  "run-id": z.coerce.number().optional(),
  "github-token": z.string().optional(),
  repository: z.string().default(variable("GITHUB_REPOSITORY")),
});
const folder = resolve(inputs.path);
const client = await artifactClient();
const [repositoryOwner = "", repositoryName = ""] = inputs.repository.split("/");
const token = inputs["github-token"];
const workflowRunId = inputs["run-id"];
const from = token && workflowRunId ? { findBy: { token, workflowRunId, repositoryOwner, repositoryName } } : {};

if (inputs.name) {
  const { artifact } = await client.getArtifact(inputs.name, from);
  await client.downloadArtifact(artifact.id, { path: folder, ...from });
} else {
  const { artifacts } = await client.listArtifacts({ latest: true, ...from });
  const wanted = artifacts.filter(({ name }) => !inputs.pattern || matchesGlob(name, inputs.pattern));
  for (const { id, name } of wanted) {
    // a single match goes to the path itself only where its name was asked for
    await client.downloadArtifact(id, { path: inputs["merge-multiple"] ? folder : resolve(folder, name), ...from });
  }
  console.log(`Total of ${wanted.length} artifact(s) downloaded`);
}
await setOutput("download-path", folder);
