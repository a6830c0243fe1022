import { type Markdown, md } from "#actions/io/markdown.ts";
import { outcome } from "#training/outcome.ts";
import type { ReportInput } from "./report-input.ts";

/** What happens now, and what a person can do. */
export function nextSteps(input: ReportInput): Markdown {
  return md`**Next:** ${sentence(input)}`;
}

function sentence({ candidate, config, evaluation, verdict, release }: ReportInput): Markdown {
  if (release) return released(release);
  if (!verdict || !evaluation)
    return md`the candidate is evaluated on examples that it was not trained on, and the gate decides.`;
  const { kind } = outcome(verdict, config.gate.onInconclusive);
  if (kind === "fail") {
    return md`nothing is registered or promoted; the champion stays. Mend what the failing rules name, or change \`gate\` in the model's configuration if the rule is wrong.`;
  }
  if (kind === "hold") {
    return md`nothing is registered or promoted until more is known. Add ${evaluation.role} examples, allow a larger \`gate.maxDrop\`, or let ${candidate.env} pass what is inconclusive with \`gate.onInconclusive: pass\`.`;
  }
  return evaluation.role === "validation"
    ? md`nothing is registered from a pull request. After the merge the model is trained again and judged on the test examples.`
    : md`it is registered in MLflow as Staging and promoted to ${candidate.env}.`;
}

function released(release: NonNullable<ReportInput["release"]>): Markdown {
  const version = md`version **${release.version}**`;
  switch (release.state) {
    case "registered":
      return md`registered as ${version}; its serving image is built, then ${release.env} is promoted to it.`;
    case "built":
      return md`registered as ${version}, image ${release.image.tag}; ${release.env} is promoted to it next.`;
    case "promoted":
      return md`${version} is what ${release.env} must run, by commit ${release.commit.sha.slice(0, 10)} on ${release.commit.branch} of ${release.commit.repository}. The cluster follows that commit.`;
  }
}
