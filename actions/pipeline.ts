import { resolve } from "node:path";
import { help, readArguments } from "#actions/pipeline/arguments.ts";
import { rehearse } from "#actions/pipeline/rehearse.ts";
import { titles, travel } from "#actions/pipeline/road.ts";
import { createTaskList } from "#actions/pipeline/task-list.ts";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { createMlflowClient, type MlflowClient } from "#training/mlflow/client.ts";
import { mlflowCredentials } from "#training/mlflow/credentials.ts";
import type { MlflowServer } from "#training/mlflow/server.ts";

const codeRoot = resolve(import.meta.dirname, "..");
const variables = process.env;
const interruption = new AbortController();
const stops = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.preempted };
for (const [name, code] of Object.entries(stops)) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(code); // asked twice
    process.exitCode = code;
    interruption.abort(new Error(`Stopped by ${name}. The same command goes on from what is done.`));
  });
}

try {
  const args = readArguments(process.argv.slice(2));
  const { code, lines } = await main(args);
  console.log(lines.join("\n"));
  process.exitCode ??= code;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode ??= exitCodeOf(error);
}

async function main(args: ReturnType<typeof readArguments>) {
  if (args.help) return { code: ExitCode.done, lines: [help] };
  const root = resolve(args.root ?? codeRoot);
  if (args.dryRun) return await rehearse(args, { root, codeRoot, variables });
  const list = createTaskList(titles, { terminal: process.stdout.isTTY });
  try {
    return await travel(args, { root, codeRoot, variables, signal: interruption.signal, list, connect });
  } finally {
    await list.close();
    console.log();
  }
}

function connect(server: MlflowServer): MlflowClient | undefined {
  if (server.kind === "unreachable" || server.kind === "unavailable") return undefined;
  return createMlflowClient({
    trackingUri: server.uri,
    ...mlflowCredentials(variables),
  });
}
