import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { startServing } from "#test/parts/serving.ts";
import { help, readArguments } from "./arguments.ts";
import { loadReport } from "./report.ts";
import { runLoad } from "./run.ts";
import { summarize } from "./summary.ts";

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) console.log(help);
  else await main(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}

async function main(args: ReturnType<typeof readArguments>): Promise<void> {
  const { users, seconds, rate, out } = args;
  const source = args.package === undefined ? ["--model", args.model, "--env", args.env] : ["--package", args.package];
  const variables = { HOME: process.env["HOME"] ?? "", LOG_LEVEL: "info" };
  await using server = args.url === undefined ? await startServing(source, variables) : undefined;
  const url = (args.url ?? server?.url ?? "").replace(/\/$/, "");
  console.log(`${users} users for ${seconds} s on ${url}`);
  const token = process.env["API_TOKEN"];
  const load = { url, users, seconds, ...(rate !== undefined && { rate }), ...(token && { token }) };
  const samples = await runLoad(load);
  const { requests, failed, perSecond, percentiles, statuses } = summarize(samples, seconds);
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(out, await loadReport(samples, load));
  console.log(`${requests} requests, ${failed} failed, ${perSecond.toFixed(0)} answered a second`);
  console.log(`answers: ${JSON.stringify(statuses)}`);
  const within = Object.entries(percentiles).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  if (failed < requests) console.log(`milliseconds: ${within.join(", ")}`);
  console.log(`page: ${out}`);
  const failedPercent = (100 * failed) / Math.max(1, requests);
  const remedy = statuses["401"] === undefined ? "" : "; the server wants a token: set API_TOKEN";
  const reasons = [
    ...(requests === 0 ? ["nothing was answered"] : []),
    ...(failedPercent > args["max-failed"]
      ? [`${failedPercent.toFixed(2)} % failed, where --max-failed is ${args["max-failed"]}${remedy}`]
      : []),
    ...(percentiles.p95 > args["max-p95"]
      ? [`too slow: 95 % within ${percentiles.p95.toFixed(1)} ms, where --max-p95 is ${args["max-p95"]}`]
      : []),
  ];
  for (const reason of reasons) console.error(reason);
  if (reasons.length > 0) process.exitCode = ExitCode.gateFailed;
}
