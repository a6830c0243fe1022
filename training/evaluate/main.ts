import { resolve } from "node:path";
import { exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { openStorage } from "#training/storage/open.ts";
import { help, readArguments } from "./arguments.ts";
import { evaluateCandidate } from "./run.ts";

const codeRoot = resolve(import.meta.dirname, "../..");

try {
  const args = readArguments(process.argv.slice(2));
  if (!args) console.log(help);
  else {
    const { env, model, set, candidate, out, role, champion, "model-digest": modelDigest } = args;
    const root = resolve(args.root ?? codeRoot);
    const config = await loadConfig({ root, env, model, set, variables: process.env });
    const storage = openStorage(config.models.uri, root);
    const { rows, candidate: result } = await evaluateCandidate({
      ...{ root, config, storage, candidate, out, role, champion, modelDigest },
    });
    console.log(`${model}: accuracy ${result.metrics.accuracy} on ${rows} ${role} examples; written to ${out}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}
