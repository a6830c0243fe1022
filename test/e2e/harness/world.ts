import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { startArtifacts } from "#test/parts/artifacts.ts";
import { startGitHub } from "#test/parts/github/start.ts";
import { type Account, actionsBot } from "#test/parts/github/state.ts";
import { startMlflow } from "#test/parts/mlflow.ts";
import { startS3 } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Run } from "./act.ts";
import { ada, createEvents, type Event } from "./events.ts";
import { createRunner } from "./runner.ts";
import { isTriggered } from "./triggers.ts";
import { permissionsOfJob, readWorkflow, type Workflows } from "./workflow-files.ts";

const root = resolve(import.meta.dirname, "../../..");
const app: Account = { login: "slipway[bot]", id: 77, type: "Bot" };

export type World = Awaited<ReturnType<typeof startWorld>>;

export interface WorldOptions {
  /** Folder whose files are the repository; this repository's own when absent. Of its models only iris stays. */
  readonly source?: string;
  /** Released Slipway, which `uses: owner/slipway/actions/...@v1` means. */
  readonly slipway?: string;
  /** Builds images with the Docker of test/parts/cluster, and pushes them; else their digests are made up. */
  readonly buildsImages?: boolean;
}

/** A repository on the emulated GitHub, with its MLflow and its S3, and act as the runner of its workflows, as they are. */
export async function startWorld({ source = root, slipway, buildsImages = false }: WorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const [s3, mlflow, artifacts] = await Promise.all([startS3(), startMlflow(), startArtifacts()]);
  for (const part of [s3, mlflow, artifacts]) stack.use(part);
  let current: { workflows: Workflows; isFork: boolean } | undefined; // of the run that act does
  const hub = stack.use(
    await startGitHub({
      artifacts,
      permissionsOf: (job) => current && permissionsOfJob(current.workflows, job, current.isFork),
    }),
  );
  const { git } = hub;
  await commitFiles(source, hub.gitFolder);

  const storage = openStorage(`s3://${s3.bucket}`, folder.path, s3);
  const secrets: Record<string, string> = {
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
  const variables: Record<string, string> = {
    SLIPWAY_SET: `models.uri=s3://${s3.bucket}/models\ndata.root=s3://${s3.bucket}/data\ndrift.log=s3://${s3.bucket}/requests`,
    MLFLOW_TRACKING_URI: mlflow.uri,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: "us-east-1",
  };
  const appToken = hub.token({ contents: "write", "pull-requests": "write" }, app);
  const options = { slipway, appToken, buildsImages, variables, secrets };
  const runner = await createRunner({ hub, artifacts, folder: folder.path, ...options });
  const { ended, asDispatched, ...events } = createEvents(hub);

  const mainHead = () => git.text("rev-parse", "refs/heads/main");
  const textAt = async (sha: string, path: string) =>
    (await git.blob(await git.text("rev-parse", `${sha}:${path}`))).toString("utf8");

  const workflowsAt = async (sha: string): Promise<Workflows> => {
    const paths = (await git.text("ls-tree", "--name-only", sha, ".github/workflows/")).split("\n").filter(Boolean);
    const texts = await Promise.all(paths.map((path) => textAt(sha, path)));
    return new Map(paths.map((path, index) => [path, readWorkflow(texts[index] ?? "")]));
  };

  /** Runs every workflow that GitHub would start for an event, then those that its jobs start, and those that wait for its end. */
  const happen = async (event: Event): Promise<Run[]> => {
    const workflows = await workflowsAt(event.sha);
    const runs: Run[] = [];
    for (const [path, workflow] of workflows) {
      if (workflow.name === "ci" || !isTriggered(basename(path), workflow, event)) continue; // ci is these tests
      current = { workflows, isFork: event.isFork };
      const known = hub.state.dispatches.length;
      const run = await runner.run(path, event, workflows);
      current = undefined;
      runs.push(run);
      // of all events that GITHUB_TOKEN causes, GitHub starts workflows for dispatches alone
      const caused = hub.state.dispatches.slice(known).filter(({ by }) => by === actionsBot.login);
      for (const { name: file, inputs } of caused) runs.push(...(await happen(await asDispatched({ file, inputs }))));
      if (event.name !== "workflow_run") runs.push(...(await happen(await ended(run, event))));
    }
    return runs;
  };

  const parts = stack.move();
  return {
    hub,
    git,
    mlflow,
    s3,
    ...events,
    /** Variables and secrets of the repository; tests may change them. */
    variables,
    secrets,
    records: runner.records,
    happen,
    mainHead,
    textAt,
    /** Puts a sample, changed or as it is, where the models' data lies. */
    async putData(sample: string, change = (text: string) => text): Promise<void> {
      const text = await readFile(join(root, "training/data/samples", sample), "utf8");
      await storage.write(`data/${sample}`, Buffer.from(change(text)));
    },
    /** What lies in the repository's bucket. */
    storage,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

// the files of a repository as they lie in its working tree, as the first commit of main
async function commitFiles(source: string, gitFolder: string): Promise<void> {
  const index = join(gitFolder, "index-first");
  const identity = ["-c", `user.name=${ada.name}`, "-c", `user.email=${ada.email}`];
  const git = async (args: readonly string[], input?: string) => {
    const env = { ...process.env, GIT_DIR: gitFolder, GIT_WORK_TREE: source, GIT_INDEX_FILE: index };
    const running = promisify(execFile)("git", [...identity, ...args], { env, cwd: source, maxBuffer: 64 << 20 });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const list = ["-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout: files } = await promisify(execFile)("git", list, { maxBuffer: 64 << 20 });
  await git(["update-index", "--add", "--remove", "-z", "--stdin"], files);
  const others = (await git(["ls-files", "-z"])).split("\0").filter((path) => {
    const [, model] = /^(?:config\/models|manifests\/serving\/overlays\/[^/]+)\/([^/.]+)/.exec(path) ?? [];
    return model !== undefined && model !== "iris";
  });
  await git(["update-index", "--force-remove", "-z", "--stdin"], others.map((path) => `${path}\0`).join(""));
  const tree = (await git(["write-tree"])).trim();
  const commit = (await git(["commit-tree", tree, "-m", "Bring the models here"])).trim();
  await git(["update-ref", "refs/heads/main", commit]);
  await rm(index);
}
