import { Lines } from "#actions/io/inputs.ts";
import { s3Environment } from "#training/storage/env.ts";
import { checkApp } from "./app.ts";
import { type ConfigPlace, loadConfigs } from "./config.ts";
import { checkEnvironments } from "./environments.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import { checkGit } from "./git.ts";
import { checkGpu } from "./gpu.ts";
import { checkImages } from "./images.ts";
import { checkKustomize } from "./kustomize.ts";
import { checkMerging } from "./merging.ts";
import { checkMlflow } from "./mlflow.ts";
import { checkNode } from "./node.ts";
import { checkPromotion } from "./promotion.ts";
import { type RepositoryPlace, readSettings, type Settings } from "./repository.ts";
import { checkRunners } from "./runners.ts";
import { checkSettings } from "./settings.ts";
import { checkStorage } from "./storage.ts";
import { checkToken } from "./token.ts";

/** Looks at this machine and the services that the configuration names, as the programs of the road find them here. */
export async function examineMachine(place: ConfigPlace): Promise<Finding[]> {
  const { variables } = place;
  const { configs, findings } = await loadConfigs(place);
  const found = await Promise.all([
    attempt("Node", async () => [await checkNode(variables)]),
    attempt("git", async () => [await checkGit(variables)]),
    attempt("kustomize", async () => [await checkKustomize(variables)]),
    findings,
    attempt("GPU", async () => [checkGpu(configs)]),
    attempt("MLflow", () => checkMlflow(configs, variables)),
    attempt("S3", () => checkStorage(configs, s3Environment(variables))),
  ]);
  return found.flat();
}

/**
 * Looks at the repository on GitHub as a run of the pipeline would find it. `known` settings are those that the runner
 * has given this very job; others are asked for, as far as the token goes.
 */
export async function examineRepository(
  repository: RepositoryPlace,
  { known, ...place }: ConfigPlace & { known?: Settings | undefined },
): Promise<Finding[]> {
  const token = await attempt("GitHub", () => checkToken(repository));
  if (token.some(({ kind }) => kind === "problem")) return token;
  const settings = known ?? (await readSettings(repository, place.env));
  const { variables = {} } = settings;
  const set = [...place.set, ...Lines.parse(variables["SLIPWAY_SET"])];
  // what is wrong with the configuration itself was told before
  const { configs } = await loadConfigs({ ...place, set, variables });
  const found = await Promise.all([
    attempt("settings", async () => checkSettings(configs, settings)),
    attempt("images", () => checkImages(configs, { root: place.root, variables: settings.variables })),
    attempt("runners", () => checkRunners(repository, { configs, variables: settings.variables })),
    attempt("environments", () => checkEnvironments(repository, place.env)),
    attempt("promotion", () => checkPromotion(repository, { configs, settings })),
    attempt("GitHub App", async () => checkApp(settings)),
    attempt("merging", async () => [await checkMerging(repository)]),
  ]);
  return [token, ...found].flat();
}

async function attempt(about: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      findingsAbout(about).unknown(`could not be looked at: ${reason}`, "check the network, then run the doctor again"),
    ];
  }
}
