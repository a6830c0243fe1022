import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import type { Prices } from "#config/prices.ts";
import { alignedText } from "#training/aligned-text.ts";
import { Candidate } from "#training/candidate.ts";
import { readJsonFile } from "#training/json-file.ts";
import { analyse } from "./analysis.ts";
import { help, readArguments } from "./arguments.ts";
import { measuredProfile } from "./measured.ts";
import { readPrices } from "./read-prices.ts";
import { costReport, tablesOf } from "./report.ts";

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) console.log(help);
  else await main(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}

async function main(args: ReturnType<typeof readArguments>): Promise<void> {
  const { url, candidate, rates, months, seed, out } = args;
  const prices = await pricesOf(args);
  const gpu = args["gpu-ms"] === undefined ? {} : { gpuMs: args["gpu-ms"] };
  const profile = { ...(await profileOf(url, args["cpu-ms"])), ...gpu };
  const training = candidate === undefined ? undefined : await readJsonFile(candidate, Candidate);
  const analysis = analyse({
    prices,
    profile,
    objective: { targetMs: args.target, late: args.late, fewestReplicas: args.replicas },
    rates,
    traffic: { perSecond: args.traffic, swing: args.swing, noise: args.noise, growth: args.growth },
    months,
    seed,
    ...(training && { training }),
  });
  console.log(`a prediction takes ${profile.cpuMs.toPrecision(3)} ms of CPU time (${profile.source})`);
  for (const { title, header, rows } of tablesOf(analysis)) {
    console.log(`\n${title}\n${alignedText([header, ...rows], 3).replaceAll(/^/gm, "  ")}`);
  }
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(out, await costReport(analysis));
  await writeFile(`${out.replace(/\.html$/, "")}.json`, `${JSON.stringify(analysis, null, 2)}\n`);
  console.log(`\npage: ${out}`);
}

async function pricesOf({ prices, env, model }: ReturnType<typeof readArguments>): Promise<Prices> {
  if (prices !== undefined) return await readPrices(prices);
  const root = resolve(import.meta.dirname, "../..");
  return (await loadConfig({ root, env, model, variables: process.env })).cost;
}

async function profileOf(url: string | undefined, cpuMs: number | undefined) {
  if (url === undefined) return { cpuMs: cpuMs ?? Number.NaN, source: "as given" };
  const { predictions, ...measured } = await measuredProfile(url.replace(/\/$/, ""));
  return { ...measured, source: `mean of ${predictions} that ${url} has made` };
}
