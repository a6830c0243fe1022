import { relative } from "node:path";
import type { RegisterResult } from "#actions/register/run.ts";
import { ExitCode } from "#config/exit-code.ts";
import type { Config } from "#config/schema.ts";
import type { Candidate } from "#training/candidate.ts";
import type { MlflowServer } from "#training/mlflow/server.ts";

/** What the road ends with: an exit code, and what a person should know. */
export type Ending = { code: ExitCode; lines: string[] };

export function serverNote(server: MlflowServer): string {
  switch (server.kind) {
    case "running":
      return `${server.version} at ${server.uri}`;
    case "started":
      return `${server.version} started at ${server.uri} in ${server.seconds.toFixed(1)} s (stop it with: ${server.stop})`;
    case "unreachable":
      return `${server.reason}; the run goes to its journal`;
    case "unavailable":
      return `${server.reason}; the run goes to its journal (${server.remedy})`;
  }
}

export function trainedNote({ candidate, reused }: { candidate: Candidate; reused: boolean }): string {
  const { bestEpoch, seconds, device } = candidate;
  return reused
    ? "nothing has changed since this content was trained"
    : `best epoch ${bestEpoch}, in ${seconds.toFixed(1)} s on ${device.name}`;
}

export function registeredNote(result: RegisterResult): string {
  if (result.kind !== "registered") return `${result.kind}: ${result.reason}`;
  return `version ${result.release.version}, stage Staging${result.isNew ? "" : " (it was there already)"}`;
}

export function endingWithout(result: Exclude<RegisterResult, { kind: "registered" }>, reportPath: string): Ending {
  const lines = [`Not registered: ${result.reason}`, `  report   ${shown(reportPath)}`];
  if (result.kind === "held") return { code: ExitCode.held, lines: [...lines, `  next     ${result.next}`] };
  return { code: ExitCode.gateFailed, lines: result.warning ? [...lines, `  warning  ${result.warning}`] : lines };
}

/** What a person may want to do with a promoted model. */
export function nextSteps({ env, model, serving }: Config, server: MlflowServer): string[] {
  const flags = `--model ${model}${env === "dev" ? "" : ` --env ${env}`}`;
  const lines = [`  serve    npm run serve -- ${flags}, then http://localhost:${serving.port}/docs`];
  if (server.kind === "running" || server.kind === "started") lines.push(`  MLflow   ${server.uri}`);
  if (server.kind === "started") lines.push(`  stop it  ${server.stop}`);
  return lines;
}

/** A path as a person would type it here. */
export function shown(path: string): string {
  return relative(process.cwd(), path) || path;
}
