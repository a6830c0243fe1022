import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { loadConfig } from "#config/load.ts";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { evaluateCandidate } from "#training/evaluate/run.ts";
import { openStorage } from "#training/storage/open.ts";
import { trainCandidate } from "#training/train/run.ts";

// `npm run long -- text [NAME ...]`: fine-tunes MiniLM on the data sets of ../shared/data/text and judges it on their test
// examples, copies kept out of them. Aims: 98 % of the short messages and an F1 of 0.94 for spam; 85 % of SST-2's sentences.
const root = resolve(import.meta.dirname, "../..");
const sets = {
  sms_spam: { set: [], aims: { accuracy: 0.98, f1: { spam: 0.94 } } },
  sst2: { set: ["data.split=split"], aims: { accuracy: 0.85, f1: {} } },
};
const recipe = ["epochs=3", "learningRate=0.0001", "warmupEpochs=0.3"].map((setting) => `training.${setting}`);
const checkpoint = readTools(root).miniLm;
if (!checkpoint) throw new Error("no MiniLM: run `npm test`, whose set-up brings it");
const asked = process.argv.slice(2);

for (const [name, { set, aims }] of Object.entries(sets)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  await using folder = await temporaryFolder();
  const variables = { SLIPWAY_OUTPUTS: join(folder.path, "outputs") };
  const data = [`data.root=${resolve(root, "../shared/data/text")}`, `data.path=${name}.csv`, ...set];
  const settings = [...recipe, ...data, `training.transformer.checkpoint=${checkpoint}`];
  const config = await loadConfig({ root, env: "dev", model: "text", set: settings, variables });
  const storage = openStorage(config.models.uri, root);
  const options = { root, codeRoot: root, config, storage, client: undefined, info: console.log };
  for await (const event of trainCandidate(options)) {
    if (event.kind === "epoch") {
      const { epoch, loss, validationAccuracy, seconds } = event.event.point;
      console.log(
        `epoch ${epoch}: loss ${loss.toFixed(3)}, validation ${percent(validationAccuracy)}, ${seconds.toFixed(0)} s`,
      );
    }
    if (event.kind !== "candidate") continue;
    const out = join(event.folder, "evaluation");
    const candidate = join(event.folder, "candidate");
    const evaluation = await evaluateCandidate({ root, config, storage, candidate, out, role: "test" });
    const { accuracy, perClass } = evaluation.candidate.metrics;
    const { seconds, cpuSeconds } = event.candidate;
    console.log(`${name}: ${percent(accuracy)} of ${evaluation.rows} test examples (aim: ${percent(aims.accuracy)})`);
    for (const { name: each, f1, support } of perClass) console.log(`  ${each}: F1 ${f1.toFixed(4)} (${support})`);
    console.log(`  ${cpus().length} cores: ${seconds.toFixed(0)} s of training, ${cpuSeconds.toFixed(0)} of CPU`);
    const short = Object.entries<number>(aims.f1).filter(
      ([each, aim]) => (perClass.find((scores) => scores.name === each)?.f1 ?? 0) < aim,
    );
    if (accuracy < aims.accuracy || short.length > 0) process.exitCode = 1;
  }
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
