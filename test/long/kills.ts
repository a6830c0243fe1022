import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createTrainingCheckout, type Training } from "#test/parts/training-checkout.ts";
import { storedPoints } from "#test/training/mlflow/recorded.ts";
import type { Candidate } from "#training/candidate.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";
import { ensureMlflow } from "#training/mlflow/server.ts";

// `npm run long -- kills [--model cifar10] [--kills 20] [--set KEY=VALUE ...]`: a training that is killed at random moments,
// by SIGTERM and by SIGKILL in turn, against one that is not. Same weights, same curves, every point once in MLflow.
const { values } = parseArgs({
  options: {
    model: { type: "string", default: "iris" },
    kills: { type: "string", default: "20" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const { model } = values;
const kills = Number(values.kills);
// long enough that the kills come first; a program lives for `longestMs` of training at most
const length =
  model === "iris"
    ? { epochs: 6_000, checkpointSeconds: 0.1, longestMs: 800 }
    : { epochs: 3, checkpointSeconds: 1, longestMs: 5_000 };
const knobs = [
  ...["epochs", "patience"].map((knob) => `training.${knob}=${length.epochs}`),
  `training.checkpointSeconds=${length.checkpointSeconds}`,
  "training.warmupEpochs=1",
  ...values.set,
];

const python = readTools(resolve(import.meta.dirname, "../..")).mlflowPython;
if (!python) throw new Error("no Python with MLflow: run `npm start` once, whose set-up prepares it");
await using folder = await temporaryFolder();
const port = (await firstFreePort(20_000 + Math.floor(Math.random() * 10_000))) ?? 0;
const trackingUri = `http://127.0.0.1:${port}`;
const server = await ensureMlflow({ uri: trackingUri, folder: folder.path, python, info: () => undefined });
if (server.kind !== "started") throw new Error(`no MLflow of its own: ${server.kind}`);
try {
  await using checkout = await createTrainingCheckout();
  const start = (name: string) =>
    checkout.start({ outputs: name, model, trackingUri, set: [...knobs, `tracking.experiment=${name}`] });
  const finish = async (training: Training): Promise<Candidate> => {
    const code = await training.ended;
    if (code !== 0) throw new Error(`it ended with ${code}:\n${training.output()}`);
    return await checkout.candidate(training);
  };

  const unbroken = await finish(await start("unbroken"));
  console.log(`unbroken: ${unbroken.seconds.toFixed(1)} s on ${unbroken.device.name}`);
  for (let kill = 1; kill <= kills; kill++) {
    const training = await start("killed");
    await training.printed(/device: /);
    const ms = Math.random() * length.longestMs;
    await sleep(ms);
    const signal = kill % 2 === 1 ? "SIGTERM" : "SIGKILL";
    training.child.kill(signal);
    const code = await training.ended;
    if (code !== (signal === "SIGTERM" ? 143 : null))
      throw new Error(`it ended with ${code}, not by kill ${kill}:\n${training.output().slice(-2_000)}`);
    const at =
      training
        .output()
        .match(/epoch \d+/g)
        ?.at(-1) ?? "before the end of an epoch";
    console.log(`${signal} after ${ms.toFixed(0)} ms of training: ${at}`);
  }
  const broken = await finish(await start("killed"));
  const torn = await tornWrites(join(checkout.outputsOf("killed"), "models"));
  console.log(`killed ${kills} times: ${broken.seconds.toFixed(1)} s; ${torn} left a write of a checkpoint half done`);

  const client = createMlflowClient({ trackingUri });
  const pointsOf = async (experiment: string): Promise<string[]> => {
    const runs = await client.searchRuns({ experimentIds: [await client.getOrCreateExperiment(experiment)] });
    const [run, ...others] = runs;
    if (!run || others.length > 0 || run.status !== "FINISHED") throw new Error(`${runs.length} runs: ${run?.status}`);
    const points = await storedPoints(client, run.runId);
    return points.map((point) => point.replace(/^(\S+ \S+) \S+/, "$1")).toSorted(); // their times differ
  };
  const curves = ({ curves: points }: Candidate) => points.map(({ seconds: _, ...point }) => point);
  const points = await pointsOf("killed");
  const checks = {
    "same weights, bit for bit": broken.modelDigest === unbroken.modelDigest,
    "same curves": isDeepStrictEqual(curves(broken), curves(unbroken)),
    [`each of ${points.length} points once in MLflow, in one run that is FINISHED`]: isDeepStrictEqual(
      points,
      await pointsOf("unbroken"),
    ),
  };
  await client.close();
  for (const [check, holds] of Object.entries(checks)) console.log(`${holds ? "yes" : "NO "} ${check}`);
  if (Object.values(checks).includes(false)) process.exitCode = 1;
} finally {
  process.kill(server.pid);
}

async function tornWrites(models: string): Promise<number> {
  const files = await readdir(models, { recursive: true });
  return files.filter((file) => file.includes(".tmp-")).length;
}
