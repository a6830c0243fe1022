import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, relative, resolve } from "node:path";
import { compare } from "#actions/gate/compare.ts";
import { pairUp } from "#actions/gate/pairs.ts";
import { loadConfig } from "#config/load.ts";
import { type Config, Gate } from "#config/schema.ts";
import { readTools } from "#config/tools.ts";
import { evaluateCandidate } from "#training/evaluate/run.ts";
import { type Evaluation, type Metrics, Prediction } from "#training/evaluation.ts";
import { classificationMetrics } from "#training/metrics.ts";
import { openStorage } from "#training/storage/open.ts";
import { trainCandidate } from "#training/train/run.ts";
import { peerAnswers } from "./text/peer.ts";

// `npm run long -- text [NAME ...]`: fine-tunes MiniLM on the data sets of ../shared/data/text and judges it on their test
// examples, copies kept out of them, beside the same recipe in PyTorch. Aims: 98 % of the short messages and an F1 of 0.94
// for spam; 85 % of SST-2's sentences; no significant difference from PyTorch. Half an hour of two cores; what was done
// lies in outputs/long-text, and a later start goes on from there.
const root = resolve(import.meta.dirname, "../..");
const sets = {
  sms_spam: { set: [], aims: { accuracy: 0.98, f1: { spam: 0.94 } } },
  sst2: { set: ["data.split=split"], aims: { accuracy: 0.85, f1: {} } },
};
type Aims = { accuracy: number; f1: Record<string, number> };
const recipe = ["epochs=3", "learningRate=0.0001", "warmupEpochs=0.3"].map((setting) => `training.${setting}`);
const checkpoint = readTools(root).miniLm;
if (!checkpoint) throw new Error("no MiniLM: run `npm test`, whose set-up brings it");
const outputs = join(root, "outputs/long-text");
const asked = process.argv.slice(2);
const chosen = Object.entries(sets).filter(([name]) => asked.length === 0 || asked.includes(name));

const done: { name: string; config: Config; evaluation: Evaluation; predictions: Prediction[] }[] = [];
for (const [name, { set, aims }] of chosen) {
  const data = [`data.root=${resolve(root, "../shared/data/text")}`, `data.path=${name}.csv`, ...set];
  const settings = [...recipe, ...data, `training.transformer.checkpoint=${checkpoint}`];
  const variables = { SLIPWAY_OUTPUTS: outputs };
  const loaded = await loadConfig({ root, env: "dev", model: "text", set: settings, variables });
  const config = { ...loaded, models: { uri: join(outputs, "models") } };
  const folder = await trained(name, config);
  const out = join(folder, "evaluation");
  const evaluated = { root, config, storage: openStorage(config.models.uri, root), out, role: "test" as const };
  const evaluation = await evaluateCandidate({ ...evaluated, candidate: join(folder, "candidate") });
  const lines = (await readFile(join(out, "predictions.jsonl"), "utf8")).trim().split("\n");
  const predictions = lines.map((line) => Prediction.parse(JSON.parse(line)));
  done.push({ name, config, evaluation, predictions });
  tell(`${name}, ours`, evaluation.candidate.metrics, aims);
}

for (const { name, config, evaluation, predictions } of done) {
  const { classes } = evaluation;
  const answers = await peerAnswers(config, { root, name, outputs });
  const labels = predictions.map(({ label }) => classes.indexOf(label));
  tell(`${name}, PyTorch`, classificationMetrics(labels, answers.flat(), classes));
  const paired = predictions.map((prediction, row) => {
    const probabilities = answers[row] ?? [];
    const place = probabilities.indexOf(Math.max(...probabilities));
    return { ...prediction, champion: { prediction: classes[place] ?? "", probabilities } };
  });
  const { confidence } = Gate.parse({});
  const { difference, interval, pValue } = compare(pairUp(paired, classes), "accuracy", confidence);
  if (!interval) throw new Error(`${name} has too few test examples to compare on`);
  const [lower, upper] = [interval.lower, interval.upper].map(percent);
  console.log(
    `${name}: ours less PyTorch ${percent(difference)} (${lower} to ${upper}), McNemar's p ${pValue.toFixed(3)}`,
  );
  if (interval.upper < 0) process.exitCode = 1;
}

/** Folder of the candidate that was trained for `config`, now or earlier. */
async function trained(name: string, config: Config): Promise<string> {
  const storage = openStorage(config.models.uri, root);
  const info = (line: string) => console.log(`${name}: ${line}`);
  for await (const event of trainCandidate({ root, codeRoot: root, config, storage, client: undefined, info })) {
    if (event.kind === "epoch") {
      const { epoch, loss, validationAccuracy, seconds } = event.event.point;
      const left = ((event.epochs - epoch) * seconds) / 60;
      info(
        `epoch ${epoch}: loss ${loss.toFixed(3)}, validation ${percent(validationAccuracy)}, ${seconds.toFixed(0)} s; ${left.toFixed(0)} minutes to go`,
      );
    }
    if (event.kind !== "candidate") continue;
    const { seconds, cpuSeconds } = event.candidate;
    info(`${cpus().length} cores: ${seconds.toFixed(0)} s of training, ${cpuSeconds.toFixed(0)} of CPU`);
    info(`kept in ${relative(root, event.folder)}`);
    return event.folder;
  }
  throw new Error(`${name}: training ended without a candidate`);
}

/** Prints what was reached; without `aims` nothing can be missed. */
function tell(who: string, { accuracy, perClass }: Metrics, aims?: Aims): void {
  const rows = perClass.reduce((sum, { support }) => sum + support, 0);
  const scores = perClass.map(({ name, f1 }) => `F1 of ${name} ${f1.toFixed(4)}`).join(", ");
  console.log(`${who}: ${percent(accuracy)} of ${rows} test examples right, ${scores}`);
  if (!aims) return;
  const short = perClass.filter(({ name, f1 }) => f1 < (aims.f1[name] ?? 0)).map(({ name }) => `F1 of ${name}`);
  if (accuracy < aims.accuracy) short.push("accuracy");
  if (short.length === 0) return;
  console.log(`${who}: aims missed: ${short.join(", ")}`);
  process.exitCode = 1;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
