import { argoCdUrl } from "#actions/gitops/application.ts";
import { details, join, link, type Markdown, md, prose } from "#actions/io/markdown.ts";
import { metricText } from "#training/metric-text.ts";
import { costTable } from "./cost.ts";
import { mlflowUrl, runUrl } from "./mlflow-url.ts";
import type { ReportInput } from "./report-input.ts";

/** How the candidate was made: time, device, cost, calibration, code, and where to see more. */
export function runFacts(input: ReportInput): Markdown {
  const { candidate, evaluation, config } = input;
  const facts = [time(input), calibration(input), code(input), places(input)].filter((fact) => fact !== undefined);
  const list = join(
    facts.map((fact) => md`- ${fact}`),
    "\n",
  );
  return details("Run", join([list, costTable(candidate, evaluation?.candidate.cpuMs, config.cost)]));
}

function time({ candidate }: ReportInput): Markdown {
  const { device, seconds, cpuSeconds } = candidate;
  return md`**${duration(seconds)}** wall, ${duration(cpuSeconds)} of CPU, on ${device.backend} (${device.name}: ${prose(device.reason)}).`;
}

function calibration({ candidate, evaluation }: ReportInput): Markdown {
  const fitted = md`Temperature ${candidate.temperature.toFixed(3)}, fitted on validation`;
  if (!evaluation) return md`${fitted}.`;
  const error = metricText("calibration_error", evaluation.candidate.metrics.calibration_error);
  return md`${fitted}; calibration error on the ${evaluation.role} examples ${error}.`;
}

function code({ candidate }: ReportInput): Markdown | undefined {
  const { git, contentHash, modelDigest } = candidate;
  if (modelDigest === undefined || contentHash === undefined) return undefined;
  const model = md`Model \`${{ markdown: modelDigest.slice(0, 19) }}\`, content hash \`${{ markdown: contentHash.slice(0, 23) }}\``;
  if (!git) return md`${model}; not from a git commit.`;
  const branch = git.branch === undefined ? md`` : md` on ${git.branch}`;
  return md`${model}, commit \`${{ markdown: git.sha.slice(0, 10) }}\`${branch}${git.dirty ? ", with changes that are not committed" : ""}.`;
}

function places({ candidate, config, release }: ReportInput): Markdown | undefined {
  const { run, model, env } = candidate;
  const links = [
    run && link("MLflow run", runUrl(run)),
    release &&
      link(
        `version ${release.version}`,
        `${mlflowUrl(release.trackingUri)}/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(release.version)}`,
      ),
    config.argocd.url && link(`${env} in Argo CD`, argoCdUrl(config.argocd.url, { env, model })),
  ].filter((one) => typeof one === "object");
  return links.length === 0 ? undefined : join(links, ", ");
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
