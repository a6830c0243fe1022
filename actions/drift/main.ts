import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readOverlay } from "#actions/gitops/overlay.ts";
import { overlayText } from "#actions/gitops/overlay-text.ts";
import { annotate } from "#actions/io/annotate.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readEvent } from "#actions/io/event.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { ExitCode } from "#config/exit-code.ts";
import { listModels } from "#config/load.ts";
import { driftReport } from "#training/drift/report.ts";
import { Inputs } from "./inputs.ts";
import { summaryOf, type Told } from "./message.ts";
import { examine, tell } from "./run.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { env, pages, fail } = inputs;
  const root = resolve(inputs.root);
  const { runUrl } = await readEvent();
  const { github, here } = await connectGitHub(inputs.token);
  const connect = async () =>
    inputs["manifests-token"] === undefined ? { github, here } : connectGitHub(inputs["manifests-token"]);

  const all: Told[] = [];
  for (const model of inputs.models.length > 0 ? inputs.models : await listModels(root)) {
    const config = await loadActionConfig(inputs, model);
    const source = await overlayText(config, { root, connect });
    const champion = source === undefined ? undefined : readOverlay(source);
    const found = await examine(config, { champion, root, now: new Date() });
    if (found.kind !== "compared") {
      info(`${model}: ${found.kind} (${found.reason})`);
      all.push({ found });
      continue;
    }
    info(`${model}: ${found.drift.kind} (${found.drift.reason})`);
    if (pages !== undefined) {
      await mkdir(pages, { recursive: true });
      await writeFile(join(pages, `${model}.html`), await driftReport(model, found.drift));
    }
    all.push({ found, issue: await tell(found, { env, runUrl, issues: { github, repository: here.repository } }) });
  }
  await writeSummary(summaryOf(env, all).markdown);

  const drifted = all.filter(({ found }) => found.kind === "compared" && found.drift.kind === "drifted");
  const issues = all.flatMap(({ issue }) => (issue && "url" in issue ? [issue.url] : []));
  setOutputs({ drifted: drifted.map(({ found }) => found.model).join("\n"), issues: issues.join("\n") });
  const failed = all.flatMap(({ found }) => (found.kind === "failed" ? [`${found.model}: ${found.reason}`] : []));
  const refused = all.flatMap(({ issue }) => (issue?.kind === "refused" ? [issue.reason] : []));
  for (const message of refused) annotate({ level: "warning", title: "drift is not told", message });
  if (failed.length > 0) return { code: ExitCode.badInput, reason: failed.join("\n") };
  const names = drifted.map(({ found }) => found.model).join(", ");
  if (fail && drifted.length > 0) return { code: ExitCode.gateFailed, reason: `requests have drifted: ${names}` };
  if (refused.length > 0) return { code: ExitCode.held, reason: `no issue tells of it: ${refused.join("; ")}` };
  return undefined;
});
