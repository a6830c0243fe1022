import { relative, resolve } from "node:path";
import { loadActionConfig } from "#actions/io/config.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { evaluateCandidate } from "#training/evaluate/run.ts";
import { openStorage } from "#training/storage/open.ts";
import { Inputs } from "./inputs.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { model, candidate, role } = inputs;
  const root = resolve(inputs.root);
  const config = await loadActionConfig(inputs, model);
  const [version, digest, packageUri] = [
    inputs["champion-version"],
    inputs["champion-digest"],
    inputs["champion-package"],
  ];
  const evaluation = await evaluateCandidate({
    ...{ root, config, candidate, role },
    out: inputs.evaluation,
    storage: openStorage(config.models.uri, root),
    champion: version && digest && packageUri ? { version, modelDigest: digest, packageUri } : undefined,
    modelDigest: inputs["model-digest"],
  });
  info(`${model}: accuracy ${evaluation.candidate.metrics.accuracy} on ${evaluation.rows} ${role} examples`);
  setOutputs({ evaluation: relative(".", resolve(inputs.evaluation)) });
  return undefined;
});
