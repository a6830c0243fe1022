import { relative, resolve } from "node:path";
import { imageTag } from "#actions/gitops/image-tag.ts";
import { imageNameOf } from "#actions/gitops/overlay.ts";
import { overlayText } from "#actions/gitops/overlay-text.ts";
import { serverDigest, servingTree } from "#actions/gitops/server-digest.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { connectMlflow } from "#actions/io/mlflow.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { ExitCode } from "#config/exit-code.ts";
import { settingsText } from "#config/serving.ts";
import { readGitState } from "#training/git-state.ts";
import { Inputs } from "./inputs.ts";
import { registerFiles } from "./register-files.ts";

const codes = { discarded: ExitCode.gateFailed, held: ExitCode.held };
const nothing = { version: "", release: "", "image-name": "", "image-tag": "", "serving-settings": "" };

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { model, candidate, evaluation, verdict } = inputs;
  const root = resolve(inputs.root);
  const config = await loadActionConfig(inputs, model);
  const client = connectMlflow(config);
  const result = await registerFiles(
    {
      ...{ candidate, release: inputs.release, modelDigest: inputs["model-digest"] },
      judged: evaluation && verdict ? { evaluation, verdict } : undefined,
      packageUri: inputs["package-uri"],
    },
    { client, config, git: await readGitState(root) },
  ).finally(() => client.close());

  if (result.kind !== "registered") {
    setOutputs({ kind: result.kind, ...nothing });
    const reason = result.kind === "held" ? `${result.reason}; ${result.next}` : result.reason;
    return { code: codes[result.kind], reason };
  }
  const { version, modelDigest } = result.release;
  info(`version ${version} of ${model}${result.isNew ? "" : ", which was there already"}`);
  const source = await overlayText(config, { root, connect: () => connectGitHub(inputs.token) });
  const server = serverDigest(await servingTree(codeRoot), config.serving);
  setOutputs({
    kind: result.kind,
    version,
    release: relative(".", resolve(inputs.release)),
    "image-name": source && imageNameOf(source),
    "image-tag": imageTag({ model, modelDigest, server }),
    "serving-settings": settingsText(config.serving),
  });
  return undefined;
});
