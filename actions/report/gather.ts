import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { listModels, loadConfig } from "#config/load.ts";
import { readJsonFile } from "#training/json-file.ts";
import { ReportData, type ReportInput } from "./report-input.ts";
import { untrustedReport } from "./untrusted.ts";
import { UntrustedNumbers } from "./untrusted-numbers.ts";

const fileName = "report.json";
const mostReports = 100;
const mostBytes = 16 * 1024 * 1024; // of one report that untrusted code has written

/** The reports in a folder: its own `report.json`, or those of the folders in it. None where there is no such folder. */
export async function gather(folder: string): Promise<ReportInput[]> {
  return await Promise.all((await reportFiles(folder)).map((path) => readJsonFile(path, ReportData)));
}

/**
 * The reports in a folder that untrusted code has filled: of models that our configuration knows, one each, and of them only
 * numbers. What is not as it should be is left out, and told to `info` in our words.
 */
export async function gatherUntrusted(
  folder: string,
  { root, env, info }: { root: string; env: string; info: (line: string) => void },
): Promise<ReportInput[]> {
  const models = await listModels(root);
  const found = new Map<string, ReportInput>();
  for (const [index, path] of (await reportFiles(folder)).slice(0, mostReports).entries()) {
    const numbers = await readNumbers(path);
    const model = models.find((one) => one === numbers?.candidate.model);
    if (!numbers || model === undefined)
      info(`report ${index + 1} is not one: its numbers or its model are unknown here`);
    else if (!found.has(model)) found.set(model, untrustedReport(numbers, await loadConfig({ root, env, model })));
  }
  return [...found.values()];
}

async function readNumbers(path: string): Promise<UntrustedNumbers | undefined> {
  const { size } = await lstat(path);
  if (size > mostBytes) return undefined;
  try {
    const result = UntrustedNumbers.safeParse(JSON.parse(await readFile(path, "utf8")));
    return result.success ? result.data : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/** Of the folder itself and the folders in it; not where a link leads, which an artifact could carry. */
async function reportFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const paths = [folder, ...folders.sort()].map((one) => join(one, fileName));
  const found = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)));
  return paths.filter((_, index) => found[index]?.isFile());
}

/** The models that were to be trained and left no report. An image that is built anew has none. */
export function missingOf(
  matrix: { include: readonly { model: string; kind: string }[] },
  reports: readonly ReportInput[],
): string[] {
  const there = new Set(reports.map(({ candidate }) => candidate.model));
  return matrix.include.flatMap(({ model, kind }) => (kind === "rebuild" || there.has(model) ? [] : [model]));
}
