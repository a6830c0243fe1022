import { existsSync } from "node:fs";
import { createFileHistory } from "#actions/gitops/file-history.ts";
import { BadInputError } from "#config/bad-input.ts";
import { exitCodeOf } from "#config/exit-code.ts";
import { help, readArguments } from "./arguments.ts";
import { lineage } from "./run.ts";
import { tableOf } from "./table.ts";

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2));
  if (args.help) return console.log(help);
  const { repository, branch, at } = args;
  if (!existsSync(repository)) throw new BadInputError(`${repository}: there is no such folder`);
  const found = await lineage(args, createFileHistory(repository));
  if (args.json) return console.log(JSON.stringify(found, null, 2));
  if (found.length > 0) return console.log(tableOf(found));
  console.log(
    `Nothing was in production at ${at.toISOString()}, as ${branch} of ${repository} tells.\nWhat npm start promoted is in outputs/ENV/gitops: --repository outputs/dev/gitops`,
  );
}
