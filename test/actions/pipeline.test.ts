import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { kustomizeBuild } from "#test/parts/kustomize.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { type ProgramOptions, runProgram } from "#test/parts/program.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

/** `npm start` on iris with outputs and data of its own. */
async function createRoad({ uri }: { uri: string }) {
  const folder = await temporaryFolder();
  const outputs = join(folder.path, "outputs");
  const start = (args: readonly string[], options: ProgramOptions & { uri?: string } = {}) =>
    runProgram("actions/pipeline.ts", ["--set", `data.root=${join(folder.path, "data")}`, ...args], {
      ...options,
      env: { SLIPWAY_OUTPUTS: outputs, MLFLOW_TRACKING_URI: options.uri ?? uri },
    });
  return {
    folder: folder.path,
    outputs,
    start,
    client: createMlflowClient({ trackingUri: uri }),
    file: (path: string) => readFile(join(outputs, path), "utf8"),
    git: async (...args: string[]) =>
      (await promisify(execFile)("git", args, { cwd: join(outputs, "gitops") })).stdout.trim(),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const quick = ["--set", "training.epochs=30"];
const timeout = 120_000;

describe("npm start", () => {
  it("takes iris to a promoted release, and does nothing the second time", { timeout }, async () => {
    await using road = await createRoad(await sharedMlflow());
    const first = await road.start(quick);
    expect(first.output).toContain("is promoted to dev");
    expect(first.code).toBe(0);

    const release = Release.parse(JSON.parse(await road.file("iris/release.json")));
    expect(release.state).toBe("promoted");
    const overlay = join(road.outputs, "gitops/manifests/serving/overlays/dev/iris");
    expect(await readFile(join(overlay, "kustomization.yaml"), "utf8")).toContain(release.modelDigest);
    expect(JSON.stringify(await kustomizeBuild(overlay))).toContain(release.modelDigest);
    expect(await road.file("iris/report.md")).toContain("```mermaid");
    expect((await road.client.getModelVersionByAlias("iris", "champion-dev"))?.version).toBe(release.version);
    const run = await road.client.getRun(release.runId);
    expect(run.status).toBe("FINISHED");
    expect(run.params).toMatchObject({ epochs: "30", batch_size: "32", learning_rate: "0.05", optimizer: "adam" });
    const points = await road.client.metricHistory(release.runId, "val_loss");
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, epoch) => epoch + 1));
    const artifacts = (await road.client.listArtifacts(run.artifactUri)).map(({ path }) => path);
    expect(artifacts).toEqual(
      expect.arrayContaining(["class_names.txt", "model_summary.txt", "learning_curves.svg", "confusion_matrix.svg"]),
    );

    const commits = await road.git("rev-list", "--count", "HEAD");
    const second = await road.start(quick);
    expect(second.output).toContain("Nothing to do");
    expect(second.code).toBe(0);
    expect(await road.git("rev-list", "--count", "HEAD")).toBe(commits);
    expect((await readdir(join(road.outputs, "models/iris/looks"), { recursive: true })).length).toBe(2); // one set, one look
  });

  it("discards a candidate under the gate with exit code 3, and says why in MLflow", { timeout }, async () => {
    await using road = await createRoad(await sharedMlflow());
    const { code, output } = await road.start([...quick, "--set", "gate.minimum=1.01"]);
    expect(code).toBe(3);
    expect(output).toMatch(/discarded: accuracy .* is under the minimum/);
    expect(existsSync(join(road.outputs, "iris/release.json"))).toBe(false);
    expect(await road.git("log", "--format=%s")).toBe("Start from the checkout's manifests");
    const [candidate] = await readdir(join(road.outputs, "models/iris"));
    const { run } = JSON.parse(await road.file(`models/iris/${candidate}/candidate/candidate.json`));
    expect((await road.client.getRun(run.runId)).tags).toMatchObject({ verdict: "fail" });
  });

  it("holds what is inconclusive where the gate says so, with exit code 4", { timeout }, async () => {
    await using road = await createRoad(await sharedMlflow());
    await road.start(quick);
    const again = ["--set", "training.epochs=31", "--set", "training.seed=5", "--set", "gate.onInconclusive=hold"];
    const { code, output } = await road.start(again);
    expect(output).toContain("held, inconclusive");
    expect(code).toBe(4);
  });

  it("keeps the candidate while MLflow is away and registers it once MLflow is back", { timeout }, async () => {
    const { uri } = await sharedMlflow();
    await using road = await createRoad({ uri });
    const args = [...quick, "--set", "training.seed=11"];
    const away = await road.start(args, { uri: "http://mlflow.invalid:5000" });
    expect(away.output).toContain("goes to its journal");
    expect(away.code).toBe(4);
    const back = await road.start(args);
    expect(back.output).toContain("nothing has changed since this content was trained");
    expect(back.code).toBe(0);
    const { runId } = Release.parse(JSON.parse(await road.file("iris/release.json")));
    expect((await road.client.getRun(runId)).status).toBe("FINISHED");
    expect(await road.client.metricHistory(runId, "loss")).toHaveLength(30);
  });

  it("tells every problem of configuration or data at once and exits with 42", { timeout }, async () => {
    await using road = await createRoad(await sharedMlflow());
    const config = await road.start(["--set", "training.epochs=0", "--set", "gate.metrik=f1"]);
    expect(config.code).toBe(42);
    expect(config.output).toMatch(/training\.epochs.*\n.*gate\.metrik|gate\.metrik.*\n.*training\.epochs/);
    await mkdir(join(road.folder, "data"));
    await writeFile(
      join(road.folder, "data/iris.csv"),
      "sepal_length,sepal_width,petal_length,petal_width,species\n1,2,3\n",
    );
    const data = await road.start(quick);
    expect(data.code).toBe(42);
    expect(data.output).toContain("iris.csv: line 2");
    expect((await road.start(["--sett", "x"])).code).toBe(42);
  });

  it("leaves a truthful run when it is interrupted", { timeout }, async () => {
    await using road = await createRoad(await sharedMlflow());
    const endless = ["--set", "training.epochs=100000", "--set", "training.patience=100000"];
    const onOutput = (soFar: string) => (/epoch \d+\//.test(soFar) ? "SIGINT" : undefined);
    const { code, output } = await road.start(endless, { onOutput });
    expect(output).toContain("Stopped by SIGINT");
    expect(code).toBe(130);
    const experimentId = await road.client.getOrCreateExperiment("iris");
    const [latest] = await road.client.searchRuns({
      experimentIds: [experimentId],
      filter: "params.epochs = '100000'",
    });
    expect(latest?.status).toBe("KILLED");
  });

  it("tells with --dry-run what it would do, and changes nothing", { timeout }, async () => {
    await using road = await createRoad({ uri: `http://127.0.0.1:${await freePort()}` });
    const { code, output } = await road.start(["--dry-run"]);
    expect(output).toContain("would train");
    expect(code).toBe(0);
    expect(existsSync(road.outputs)).toBe(false);
    expect(existsSync(join(road.folder, "data"))).toBe(false);
  });
});
