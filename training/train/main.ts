import { resolve } from "node:path";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { readGitState } from "#training/git-state.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { mlflowCredentials } from "#training/mlflow/credentials.ts";
import { openStorage } from "#training/storage/open.ts";
import { sweepLines } from "#training/sweep/event-lines.ts";
import { trainIndex } from "#training/sweep/train-index.ts";
import { help, readArguments } from "./arguments.ts";
import { eventLines } from "./event-lines.ts";
import { trainCandidate } from "./run.ts";

const codeRoot = resolve(import.meta.dirname, "../..");
const interruption = new AbortController();
for (const [name, code] of Object.entries({ SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.preempted })) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(code); // asked twice
    process.exitCode = code;
    interruption.abort(new Error(`stopped by ${name}`));
  });
}

try {
  const args = readArguments(process.argv.slice(2));
  if (args) await main(args);
  else console.log(help);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode ??= exitCodeOf(error);
}

async function main(args: NonNullable<ReturnType<typeof readArguments>>): Promise<void> {
  const { env } = process;
  const root = resolve(args.root ?? codeRoot);
  const config = await loadConfig({ ...args, root, variables: env });
  const client = createMlflowClient({
    trackingUri: config.tracking.uri,
    ...mlflowCredentials(env),
  });
  const storage = openStorage(config.models.uri, root);
  const { gitSha, expectedHash, trialIndex } = args;
  const options = {
    ...{ root, codeRoot, config, storage, client, expectedHash },
    git: gitSha === undefined ? await readGitState(root) : { sha: gitSha, dirty: false },
    ...{ signal: interruption.signal, info: console.log },
  };
  if (trialIndex !== undefined) {
    for await (const event of trainIndex(trialIndex, options)) for (const line of sweepLines(event)) console.log(line);
    return;
  }
  for await (const event of trainCandidate(options)) for (const line of eventLines(event)) console.log(line);
}
