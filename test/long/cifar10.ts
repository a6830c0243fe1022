import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { loadConfig } from "#config/load.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { evaluateCandidate } from "#training/evaluate/run.ts";
import { openStorage } from "#training/storage/open.ts";
import { trainCandidate } from "#training/train/run.ts";

// `npm run long -- cifar10 [--set KEY=VALUE ...]`: trains config/models/cifar10.yaml as it is, on the images of data.root,
// and judges it on the test batch. Aims: on 8,065 images 70 % within 20 minutes on two cores.
const aim = { accuracy: 0.7, minutes: 20 };
const root = resolve(import.meta.dirname, "../..");
const set = process.argv.slice(2).filter((argument) => argument !== "--set");

await using folder = await temporaryFolder();
const variables = { SLIPWAY_OUTPUTS: join(folder.path, "outputs") };
const config = await loadConfig({ root, env: "dev", model: "cifar10", set, variables });
const storage = openStorage(config.models.uri, root);
const startedMs = performance.now();
const options = { root, codeRoot: root, config, storage, client: undefined, info: console.log };
for await (const event of trainCandidate(options)) {
  if (event.kind === "device") console.log(`${event.device.name}: ${event.device.reason}`);
  if (event.kind === "epoch") {
    const { epoch, loss, validationLoss, validationAccuracy, seconds } = event.event.point;
    const reached = `loss ${loss.toFixed(3)}, validation ${validationLoss.toFixed(3)} and ${percent(validationAccuracy)}`;
    console.log(`epoch ${epoch}/${event.epochs}: ${reached}, ${seconds.toFixed(0)} s`);
  }
  if (event.kind !== "candidate") continue;
  const minutes = (performance.now() - startedMs) / 60_000;
  const { rows } = event.candidate.data;
  const candidate = join(event.folder, "candidate");
  const out = join(event.folder, "evaluation");
  const evaluation = await evaluateCandidate({ root, config, storage, candidate, out, role: "test" });
  const { accuracy } = evaluation.candidate.metrics;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  console.log(`${rows.train + rows.validation} images, ${cpus().length} cores`);
  console.log(`test accuracy ${percent(accuracy)} (aim: ${percent(aim.accuracy)})`);
  console.log(`${minutes.toFixed(1)} minutes (aim: ${aim.minutes})`);
  console.log(
    `${((userCPUTime + systemCPUTime) / 6e7).toFixed(1)} CPU minutes, ${(maxRSS / 1024).toFixed(0)} MiB at most`,
  );
  if (accuracy < aim.accuracy || minutes > aim.minutes) process.exitCode = 1;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
