import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { describePackage } from "#training/package/describe.ts";
import { help, readArguments } from "./arguments.ts";
import { measureDrift } from "./measure.ts";
import { readRequests } from "./read-log.ts";
import { driftMarkdown, driftReport } from "./report.ts";

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
  if (folder === undefined || log === undefined) throw new BadInputError("--package and --log are needed");
  const { digest, info, reference, classes } = await describePackage(folder);
  const window = { digest, ...(since && { since }), ...(until && { until }) };
  const { requests, damaged, others } = await readRequests(log, window);
  const thresholds = { psi: args.psi, p: args.p, minimumRows: args["min-rows"] };
  const drift = measureDrift(requests, { reference, classes }, thresholds);
  const base = out.replace(/\.html$/, "");
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(out, await driftReport(info.name, drift));
  await writeFile(`${base}.json`, `${JSON.stringify(drift, null, 2)}\n`);
  await writeFile(`${base}.md`, driftMarkdown(info.name, drift));
  if (others > 0) console.log(`${others} requests of another model or time were left out`);
  if (damaged > 0) console.log(`${damaged} lines were none of this log`);
  console.log(`${drift.kind}: ${drift.reason}`);
  console.log(`page: ${out}`);
  if (drift.kind === "drifted") process.exitCode = ExitCode.gateFailed;
}
