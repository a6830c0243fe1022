import { join, relative, resolve } from "node:path";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { readGitState } from "#training/git-state.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { openStorage } from "#training/storage/open.ts";
import { help, readArguments } from "./arguments.ts";
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
    username: env["MLFLOW_TRACKING_USERNAME"],
    password: env["MLFLOW_TRACKING_PASSWORD"],
    token: env["MLFLOW_TRACKING_TOKEN"],
  });
  const storage = openStorage(config.models.uri, root);
  const git = await readGitState(root);
  const options = { root, codeRoot, config, storage, client, git, signal: interruption.signal, info: console.log };
  for await (const event of trainCandidate(options)) {
    switch (event.kind) {
      case "data":
        console.log(`data: ${JSON.stringify(event.summary.rows)} examples, ${event.summary.duplicates} duplicates`);
        break;
      case "device":
        console.log(`device: ${event.device.name} (${event.device.reason})`);
        break;
      case "epoch": {
        const { epoch, loss, validationLoss, validationAccuracy } = event.event.point;
        console.log(
          `epoch ${epoch}/${event.epochs}: loss ${loss}, validation loss ${validationLoss}, accuracy ${validationAccuracy}`,
        );
        break;
      }
      case "candidate": {
        const { arrival, candidate, folder, reused } = event;
        if (!arrival.arrived)
          console.log(
            `not in MLflow yet: ${arrival.reason}; npm run replay -- ${relative(".", join(folder, "journal.jsonl"))}`,
          );
        console.log(
          `${reused ? "trained before" : "trained"}: ${candidate.modelDigest} in ${relative(".", join(folder, "candidate"))}`,
        );
      }
    }
  }
}
