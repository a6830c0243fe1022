import { resolve } from "node:path";
import { annotate } from "#actions/io/annotate.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { readEvent } from "#actions/io/event.ts";
import { createGitHub } from "#actions/io/github.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { help, readArguments } from "./arguments.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import { Inputs } from "./inputs.ts";
import { readOrigin } from "./origin.ts";
import type { Settings } from "./repository.ts";
import { examineMachine, examineRepository } from "./run.ts";
import { findingsTable, findingsText, summed } from "./wording.ts";

const variables = process.env;

if (variables["GITHUB_ACTIONS"]) await runAction(examineJob);
else await examineByHand();

async function examineJob() {
  const { token, variables: given, ...place } = readInputs(Inputs);
  const root = resolve(place.root);
  const { repository } = await readEvent();
  const [owner = "", repo = ""] = repository.split("/");
  const findings = await examineMachine({ ...place, root, variables });
  if (token) {
    const secrets = Object.keys(variables).filter((name) => variables[name]);
    const known: Settings = { variables: given, buildSecrets: new Set(secrets), releaseSecrets: undefined };
    const github = createGitHub({ token, info });
    findings.push(...(await examineRepository({ github, owner, repo }, { ...place, root, variables, known })));
  }
  info(findingsText(findings));
  for (const finding of problemsOf(findings)) {
    annotate({ level: "error", title: finding.about, message: `${finding.reason}\nremedy: ${finding.remedy}` });
  }
  await writeSummary(findingsTable(findings).markdown);
  const { length } = problemsOf(findings);
  setOutputs({ problems: String(length) });
  return { code: length > 0 ? ExitCode.failed : ExitCode.done, reason: summed(findings) };
}

async function examineByHand(): Promise<void> {
  try {
    const args = readArguments(process.argv.slice(2));
    if (!args) return console.log(help);
    const place = { env: args.env, root: resolve(args.root ?? codeRoot), set: args.set, variables };
    const findings = [...(await examineMachine(place)), ...(await onGitHub(place, args.repository))];
    console.log(`${findingsText(findings)}\n\n${summed(findings)}`);
    process.exitCode = problemsOf(findings).length > 0 ? ExitCode.failed : ExitCode.done;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = exitCodeOf(error);
  }
}

async function onGitHub(place: Parameters<typeof examineMachine>[0], name: string | undefined): Promise<Finding[]> {
  const about = findingsAbout("GitHub");
  const [owner, repo] = name?.split("/") ?? [];
  const origin = owner && repo ? { owner, repo } : await readOrigin(place.root);
  if (!origin) return [about.unknown("no remote origin names a repository there", "say --repository OWNER/NAME")];
  const token = variables["GITHUB_TOKEN"] || variables["GH_TOKEN"];
  if (!token)
    return [about.unknown("no token, so nothing there was looked at", "GITHUB_TOKEN=$(gh auth token) npm run doctor")];
  const apiUrl = variables["GITHUB_API_URL"] ?? ("apiUrl" in origin ? origin.apiUrl : undefined);
  const github = createGitHub({ token, info: console.error, ...(apiUrl !== undefined && { apiUrl }) });
  return await examineRepository({ github, owner: origin.owner, repo: origin.repo }, place);
}

function problemsOf(findings: readonly Finding[]) {
  return findings.filter((finding) => finding.kind === "problem");
}
