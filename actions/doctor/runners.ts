import type { Config } from "#config/schema.ts";
import { ask } from "./ask.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { RepositoryPlace, Settings } from "./repository.ts";

const hosted = /^(ubuntu|windows|macos)-/;
const labels = { SLIPWAY_RUNNER: "trains and evaluates", SLIPWAY_RELEASE_RUNNER: "registers and promotes" };

/** Whether a runner is online for each label that the variables name, and one that is not GitHub's where a GPU is demanded. */
export async function checkRunners(
  { github, owner, repo }: RepositoryPlace,
  { configs, variables }: { configs: readonly Config[]; variables: Settings["variables"] },
): Promise<Finding[]> {
  if (!variables) {
    const remedy = `ask with a token that has Variables: read; the variables are ${Object.keys(labels).join(" and ")}`;
    return [findingsAbout("runners").unknown("which labels the variables name", remedy)];
  }
  const runners = await ask(github.paginate(github.rest.actions.listSelfHostedRunnersForRepo, { owner, repo }));
  return Object.entries(labels).map(([name, deed]) => {
    const label = variables[name] || "ubuntu-latest";
    const about = findingsAbout(`runner that ${deed}`);
    const demanding = configs.find(({ device }) => device === "gpu");
    if (name === "SLIPWAY_RUNNER" && demanding && hosted.test(label)) {
      const remedy = `set the variable ${name} to the label of a runner with a GPU`;
      return about.problem(`${demanding.model} demands a GPU (device: gpu), ${label} has none`, remedy);
    }
    if (hosted.test(label)) return about.ok(`GitHub's ${label}`);
    const askAdministrator = "ask with a token that has Administration: read; or look in Settings, Actions, Runners";
    if (!runners) return about.unknown(`whether a runner with the label ${label} is online`, askAdministrator);
    const labelled = runners.filter((runner) => runner.labels.some((one) => one.name === label));
    const online = labelled.filter(({ status }) => status === "online").map((runner) => runner.name);
    if (online.length > 0) return about.ok(`${label}: ${online.join(", ")}`);
    if (labelled.length > 0) {
      const names = labelled.map((runner) => runner.name).join(", ");
      return about.problem(
        `${label}: ${names}, offline`,
        "start the runner's service there, or jobs wait for a day and fail",
      );
    }
    const remedy = `give a runner the label, or change the variable ${name}; ignore this if the organisation has such a runner`;
    return about.problem(`no runner of the repository has the label ${label}`, remedy);
  });
}
