import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { logAt } from "#training/drift/read-log.ts";
import { driftReport } from "#training/drift/report.ts";
import { compareRequests } from "#training/drift/run.ts";
import { openStorage } from "#training/storage/open.ts";
import { help, readArguments } from "./arguments.ts";

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) console.log(help);
  else await main(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}

async function main(args: ReturnType<typeof readArguments>): Promise<void> {
  const { package: folder, log, since, until, out } = args;
  if (folder === undefined || log === undefined)
    throw new BadInputError("--package and --log are needed; --help says what they are");
  const { name, drift, damaged, others } = await compareRequests({
    package: openStorage(folder),
    log: logAt(log),
    thresholds: { psi: args.psi, p: args.p, minimumRows: args["min-rows"] },
    ...(since && { since }),
    ...(until && { until }),
  });
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(out, await driftReport(name, drift));
  await writeFile(`${out.replace(/\.html$/, "")}.json`, `${JSON.stringify(drift, null, 2)}\n`);
  if (others > 0) console.log(`${others} requests of another model or time were left out`);
  if (damaged > 0) console.log(`${damaged} lines were none of this log`);
  console.log(`${drift.kind}: ${drift.reason}`);
  console.log(`page: ${out}`);
  if (drift.kind === "drifted") process.exitCode = ExitCode.gateFailed;
}
