import { existsSync } from "node:fs";
import { chmod, cp, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { land } from "#actions/gitops/committer.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import { writeCifar10 } from "#test/parts/cifar10.ts";
import { getJson } from "#test/parts/cluster/kubectl.ts";
import { checkCluster, stopOfTests } from "#test/parts/cluster/use.ts";
import { command } from "#test/parts/command.ts";
import { flower } from "#test/parts/iris-served.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { runProgram } from "#test/parts/program.ts";
import { sha256Of } from "#test/parts/release.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../../..");
const parts = [".ci", ".dockerignore", "actions", "argocd", "config", "manifests", "serving", "test", "training"];
const stack = new AsyncDisposableStack();
const run = inject("clusterRun");
let checkout = ""; // of a user, once it is made

beforeAll(async () => {
  await checkCluster(run);
  await stopOfTests(run); // a machine has one cluster, and now a user's
  checkout = stack.use(await temporaryFolder()).path;
  await chmod(checkout, 0o755);
  const isOurs = (source: string) => !/\/(node_modules|dist)$/.test(source);
  for (const name of [...parts, "package.json", "package-lock.json"])
    await cp(join(root, name), join(checkout, name), { recursive: true, filter: isOurs });
  await symlink(join(root, "node_modules"), join(checkout, "node_modules"));
});
afterAll(async () => {
  if (checkout) await cluster("down");
  await stack.disposeAsync();
});

/** `npm run cluster -- WORDS` in the user's checkout, once it is set up. */
function cluster(word: string, onOutput?: (soFar: string) => NodeJS.Signals | undefined) {
  return runProgram(join(checkout, "test/parts/cluster/main.ts"), [word], { ...(onOutput && { onOutput }) });
}

/** `npm start -- --model MODEL` there, with settings that train within seconds. */
async function start(model: string, settings: readonly string[]): Promise<void> {
  const { uri: MLFLOW_TRACKING_URI } = await sharedMlflow();
  const sets = settings.flatMap((setting) => ["--set", setting]);
  const options = { env: { MLFLOW_TRACKING_URI } };
  const { code, output } = await runProgram(
    join(checkout, "actions/pipeline.ts"),
    ["--model", model, ...sets],
    options,
  );
  expect(output).toContain("is promoted to dev");
  expect(code).toBe(0);
}

/** Asks the pods of a model, each by its own address: nothing routes a Service here. */
async function answers(model: string, type: string, body: string | Uint8Array<ArrayBuffer>) {
  const words = ["pods", "--namespace=models-local", `--selector=app.kubernetes.io/instance=${model}`];
  const { items } = (await getJson(...words)) as { items: { status: { podIP?: string; phase: string } }[] };
  const running = items.filter(({ status }) => status.phase === "Running");
  return await Promise.all(
    running.map(async ({ status: { podIP } }) => {
      const headers = { "content-type": type };
      const response = await fetch(`http://${podIP}:8000/predict`, { method: "POST", headers, body });
      return { status: response.status, ...((await response.json()) as { class: string }) };
    }),
  );
}

test("who is not root is told so at once, and nothing was begun", async () => {
  const asNobody = "data:text/javascript,process.setgid(65534);process.setuid(65534)";
  const words = [process.execPath, "--import", asNobody, join(checkout, ".ci/setup.mjs"), "cluster"]; // npm's precluster
  await expect(command(words)).rejects.toMatchObject({
    message: expect.stringContaining("the cluster needs root\n  remedy: run it with sudo, or as root"),
    cause: { code: 1 },
  });
});

test("without a cluster, status says how to have one; a word that is none shows the help", async () => {
  expect(await cluster("status")).toMatchObject({
    code: 1,
    output: expect.stringMatching(/no cluster runs.*npm run cluster -- up starts one/),
  });
  expect(await cluster("upp")).toMatchObject({ code: 42, output: expect.stringContaining("upp is none of up, down") });
});

test("killed in the middle, up goes on where it was, and what npm start promoted runs", async () => {
  await start("iris", []);
  const texts = stack.use(await temporaryFolder()).path;
  await writeSmallCheckpoint(join(texts, "checkpoint"));
  const text = ["epochs=6", "learningRate=0.003", "transformer.maxTokens=48"];
  const ofText = [...text, `transformer.checkpoint=${join(texts, "checkpoint")}`].map((set) => `training.${set}`);
  await start("text", [...ofText, `data.root=${texts}`, "gate.minimum=0.5"]);
  const images = stack.use(await temporaryFolder()).path;
  await writeCifar10(images);
  const cnn = ["epochs=3", "channels=[6, 8]", "batchSize=32", "learningRate=0.01", "dropout=0.1", "warmupEpochs=0"];
  await start("cifar10", [...cnn.map((set) => `training.${set}`), `data.root=${images}`, "gate.minimum=0.3"]);

  const killed = await cluster("up", (soFar) => (/control plane: /.test(soFar) ? "SIGKILL" : undefined));
  expect(killed).toMatchObject({ code: null, output: expect.not.stringContaining("password") });
  const up = await cluster("up");
  expect(up).toMatchObject({ code: 0, output: expect.stringContaining("Argo CD     ") });
  const [, url = "", password = ""] = /Argo CD {5}(http:\S+) .*user admin, password (\S+)\)/.exec(up.output) ?? [];
  const session = await fetch(`${url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password }),
  });
  expect(session.status).toBe(200);

  const first = await cluster("status");
  expect(first.code === 0).toBe(first.output.split("\n").filter(Boolean).every(isGood));
  await expect.poll(async () => (await cluster("status")).code, { timeout: 600_000, interval: 2_000 }).toBe(0);
  const { output: lines } = await cluster("status");
  for (const model of ["cifar10", "iris", "text"])
    expect(lines).toMatch(new RegExp(`^serving-local-${model} +Synced  Healthy  [0-9a-f]{12}`, "m"));
});

function isGood(line: string): boolean {
  return line.includes("  Synced  Healthy  ");
}

test("each model's pods answer", async () => {
  expect(await answers("iris", "application/json", JSON.stringify(flower))).toMatchObject(
    Array.from({ length: 2 }, () => ({ status: 200, class: "setosa" })),
  );
  const words = JSON.stringify({ text: "I forgot my password and can't log in." });
  expect(await answers("text", "application/json", words)).toMatchObject(
    Array.from({ length: 2 }, () => ({ status: 200, class: "account" })),
  );
  const png = encode({ width: 32, height: 32, channels: 3, depth: 8, data: new Uint8Array(3 * 32 * 32).fill(90) });
  const seen = await answers("cifar10", "image/png", Uint8Array.from(png));
  expect(seen).toMatchObject(Array.from({ length: 2 }, () => ({ status: 200 })));
  expect(seen[0]).toEqual(seen[1]);
});

test("an image of a wrong digest is no release: status fails and says which, and the pods before still answer", async () => {
  const repository = await openLocalRepository({ folder: join(checkout, "outputs/dev/gitops"), root: checkout });
  const path = overlayPath("dev", "iris");
  await land(repository, async (head) => {
    const source = (await repository.read(head, path)) ?? "";
    const overlay = readOverlay(source);
    if (!overlay) throw new Error("nothing was promoted");
    const image = { ...overlay.image, digest: sha256Of("e") };
    return {
      kind: "change",
      message: "Promote nothing",
      files: { [path]: writeOverlay(source, { ...overlay, image }) },
    };
  });
  const bad = expect.stringMatching(/^serving-local-iris +Synced {2}(Progressing|Degraded)/m);
  await expect.poll(() => cluster("status"), { timeout: 180_000, interval: 2_000 }).toMatchObject({ output: bad });
  const last = await cluster("status");
  expect(last.code).toBe(1);
  expect(last.output).toMatch(/^serving-local-text +Synced {2}Healthy/m);
  expect(await answers("iris", "application/json", JSON.stringify(flower))).toMatchObject(
    Array.from({ length: 2 }, () => ({ status: 200, class: "setosa" })),
  );
});

test("down ends it and leaves nothing", async () => {
  expect(await cluster("down")).toMatchObject({ code: 0 });
  for (const place of ["/var/lib/slipway-cluster", "/run/slipway-cluster", "/run/netns/slipway-cluster"])
    expect(existsSync(place), place).toBe(false);
  expect((await cluster("down")).code).toBe(0); // once more is no fault
});
