import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DefaultArtifactClient } from "@actions/artifact";
import { expect, test, vi } from "vitest";
import { startArtifacts } from "#test/parts/artifacts.ts";
import type { Permissions } from "#test/parts/github/permissions.ts";
import { startGitHub } from "#test/parts/github/start.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

/** The real client, as a step of the run has it. */
function asRun(variables: Record<string, string>, workspace: string): DefaultArtifactClient {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  vi.stubEnv("GITHUB_WORKSPACE", workspace);
  vi.stubEnv("RUNNER_DEBUG", "");
  return new DefaultArtifactClient();
}

test("the real client uploads a folder, and the same run downloads it byte for byte", async () => {
  await using artifacts = await startArtifacts();
  await using folder = await temporaryFolder();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
  await writeFile(join(folder.path, "weights.bin"), bytes);
  const client = asRun(artifacts.variables("7"), folder.path);
  const { id = 0 } = await client.uploadArtifact("candidate-iris", [join(folder.path, "weights.bin")], folder.path);
  expect((await client.listArtifacts()).artifacts.map(({ name }) => name)).toEqual(["candidate-iris"]);
  await client.downloadArtifact(id, { path: join(folder.path, "down") });
  expect((await readFile(join(folder.path, "down/weights.bin"))).equals(bytes)).toBe(true);
});

test("a name is taken once in a run, and other runs don't see it", async () => {
  await using artifacts = await startArtifacts();
  await using folder = await temporaryFolder();
  const file = join(folder.path, "verdict.json");
  await writeFile(file, "{}");
  const client = asRun(artifacts.variables("7"), folder.path);
  await client.uploadArtifact("evaluation-iris", [file], folder.path);
  await expect(client.uploadArtifact("evaluation-iris", [file], folder.path)).rejects.toThrow("already exists");
  const other = asRun(artifacts.variables("8"), folder.path);
  await expect(other.getArtifact("evaluation-iris")).rejects.toThrow("not found");
});

test("another run's artifact comes over GitHub's API with a token that may read actions", async () => {
  await using artifacts = await startArtifacts();
  await using hub = await startGitHub({ artifacts });
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "report.json"), "{}\n");
  await asRun(artifacts.variables("7"), folder.path).uploadArtifact(
    "report-iris",
    [join(folder.path, "report.json")],
    folder.path,
  );
  const { owner: repositoryOwner, name: repositoryName } = hub.repository;
  const download = (permissions: Permissions) =>
    inStep({
      ...artifacts.variables("8"),
      GITHUB_API_URL: hub.apiUrl,
      GITHUB_WORKSPACE: folder.path,
      FROM: JSON.stringify({ workflowRunId: 7, repositoryOwner, repositoryName, token: hub.token(permissions) }),
    });
  expect(await download({ actions: "read" })).toMatch(/^report-iris sha256:[0-9a-f]{64}$/);
  expect(await readFile(join(folder.path, "down/report.json"), "utf8")).toBe("{}\n");
  await expect(download({ contents: "read" })).rejects.toThrow("Resource not accessible by integration");
});

/** Downloads the first artifact of another run in a process of its own: the client reads GITHUB_API_URL as it is loaded. */
async function inStep(variables: Record<string, string>): Promise<string | undefined> {
  const program = `
    import { DefaultArtifactClient } from "@actions/artifact";
    const client = new DefaultArtifactClient();
    const findBy = JSON.parse(process.env.FROM);
    const [{ id, name, digest }] = (await client.listArtifacts({ findBy })).artifacts;
    await client.downloadArtifact(id, { path: process.env.GITHUB_WORKSPACE + "/down", findBy });
    console.log(name, digest);
  `;
  const env = { PATH: process.env["PATH"], ...variables };
  const options = { cwd: join(import.meta.dirname, ".."), env };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], options);
  return stdout.trim().split("\n").at(-1);
}
