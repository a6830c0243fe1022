import { relative, resolve } from "node:path";
import { codeRoot } from "#actions/io/code-root.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { connectMlflow } from "#actions/io/mlflow.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { ExitCode } from "#config/exit-code.ts";
import { readGitState } from "#training/git-state.ts";
import { openStorage } from "#training/storage/open.ts";
import { Inputs } from "./inputs.ts";
import { run } from "./run.ts";

const interruption = new AbortController();
for (const [name, code] of Object.entries({ SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.preempted })) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(code); // asked twice
    process.exitCode = code;
    interruption.abort(new Error(`stopped by ${name}`));
  });
}

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { "package-uri": packageUri, "model-digest": modelDigest } = inputs;
  const root = resolve(inputs.root);
  const config = await loadActionConfig(inputs, inputs.model);
  const trained = await run(
    {
      ...{ root, codeRoot, config, info },
      storage: openStorage(config.models.uri, root),
      client: connectMlflow(config),
      git: await readGitState(root),
      signal: interruption.signal,
    },
    packageUri && modelDigest ? { packageUri, modelDigest } : undefined,
  );
  setOutputs({
    candidate: relative(".", trained.folder),
    "content-hash": trained.candidate.contentHash,
    "model-digest": trained.candidate.modelDigest,
    "package-uri": trained.packageUri,
    "run-id": trained.candidate.run?.runId,
    reused: String(trained.reused),
  });
  return undefined;
});
