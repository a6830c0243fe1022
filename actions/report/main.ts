import { join, relative, resolve } from "node:path";
import { annotate } from "#actions/io/annotate.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { runnerVariables } from "#actions/io/env.ts";
import { readEvent } from "#actions/io/event.ts";
import { createGitHub } from "#actions/io/github.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { BadInputError } from "#config/bad-input.ts";
import { loadConfig } from "#config/load.ts";
import { annotationsOf } from "./annotations.ts";
import { gather, gatherUntrusted, missingOf } from "./gather.ts";
import { Inputs } from "./inputs.ts";
import { publish } from "./publish.ts";
import type { ReportInput } from "./report-input.ts";
import { run } from "./run.ts";
import { postStatus, statusOf } from "./status.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { untrusted, model } = inputs;
  if ((model === undefined) === (inputs.reports === undefined)) throw new BadInputError("give either model or reports");
  if (untrusted && model !== undefined) throw new BadInputError("untrusted: needs reports, the folder they are in");
  const event = await readEvent();
  const github = inputs.token === undefined ? undefined : createGitHub({ token: inputs.token, info });
  const reports = model === undefined ? await gathered() : [await ofModel(model)];

  const publication = { event, reports, missing: missingOf(inputs.models, reports), untrusted };
  const pullRequest = inputs["pull-request"];
  if (!inputs.comment || !github) return outputs({ comment: "none" });
  const { text, result } = await publish({ ...publication, github, pullRequest });
  if (result.kind !== "none") {
    info(`comment ${result.kind}: ${result.url}`);
    return outputs({ comment: result.kind, "comment-url": result.url });
  }
  info(`no comment: ${result.reason}`);
  if (model === undefined) await writeSummary(text); // a single model's is there already
  return outputs({ comment: result.kind });

  async function gathered(): Promise<ReportInput[]> {
    const folder = inputs.reports ?? "";
    return untrusted
      ? await gatherUntrusted(folder, { root: resolve(inputs.root), env: inputs.env, info })
      : await gather(folder);
  }

  async function ofModel(model: string): Promise<ReportInput> {
    const root = resolve(inputs.root);
    // where models of the branch are kept, also in a pull request's run: that is what a promotion would write
    const config = await loadConfig({ root, env: inputs.env, model, set: inputs.set, variables: runnerVariables() });
    const { candidate, evaluation, verdict, release, report } = inputs;
    const paths = {
      ...{ verdict, release, report },
      candidate: join(candidate, "candidate.json"),
      evaluation: join(evaluation, "evaluation.json"),
    };
    const { text, data } = await run(paths, {
      ...{ config, codeRoot, root, championPackage: inputs["champion-package"] },
      showManifests: config.promotion.repository === undefined,
    });
    await writeSummary(text);
    const file = relative("", join(root, `config/models/${model}.yaml`));
    for (const annotation of annotationsOf({ model, file }, data.verdict)) annotate(annotation);
    const at = { repository: event.repository, sha: event.pullRequest?.headSha ?? event.sha, url: event.runUrl };
    const refused = github && (await postStatus(github, at, statusOf(data)));
    if (refused !== undefined) info(`no commit status: ${refused}`);
    return data;
  }

  function outputs(given: Record<string, string>): undefined {
    setOutputs({
      report: model === undefined ? undefined : join(inputs.report, "report.md"),
      "comment-url": undefined,
      ...given,
    });
  }
});
