import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { imageTag } from "#actions/gitops/image-tag.ts";
import { imageNameOf, type Overlay } from "#actions/gitops/overlay.ts";
import { serverDigest, servingTree } from "#actions/gitops/server-digest.ts";
import type { Config } from "#config/schema.ts";
import { Candidate, type Digest } from "#training/candidate.ts";
import { packageUriOf } from "#training/candidate-store.ts";
import { Evaluation } from "#training/evaluation.ts";
import { readJsonFile } from "#training/json-file.ts";
import { Release } from "#training/release.ts";
import { SweepResult } from "#training/sweep/result.ts";
import { Verdict } from "#training/verdict.ts";
import { readChampionData } from "./champion-data.ts";
import { manifestChange } from "./manifest-change.ts";
import { report } from "./report.ts";
import type { ReportData } from "./report-input.ts";

/** Where each step left its file; those after `candidate` need not exist yet. */
export interface ReportPaths {
  candidate: string;
  evaluation: string;
  verdict: string;
  release: string;
  report: string; // folder to write report.md and report.json to
}

export interface ReportOptions {
  config: Pick<Config, "gate" | "cost" | "argocd" | "models" | "serving">;
  root: string; // the models' repository: relative paths of the configuration start here
  codeRoot: string; // Slipway's own checkout
  championPackage?: string | undefined; // URI of the champion's package, to tell what changed in the data
  /** Whether `manifests/` in `root` is what a promotion would change. */
  showManifests?: boolean;
}

/** Reads what the steps have left, and writes the report as `report.md` and what it is made of as `report.json`. */
export async function run(paths: ReportPaths, options: ReportOptions): Promise<{ text: string; data: ReportData }> {
  const { root, championPackage, showManifests = false } = options;
  const { gate, cost, argocd } = options.config;
  const candidate = await readJsonFile(paths.candidate, Candidate);
  const release = await readIfPresent(paths.release, Release);
  const data: ReportData = {
    config: { gate, cost, argocd },
    candidate,
    evaluation: await readIfPresent(paths.evaluation, Evaluation),
    verdict: await readIfPresent(paths.verdict, Verdict),
    release,
    sweep: await readIfPresent(join(dirname(paths.candidate), "sweep.json"), SweepResult),
    ...(championPackage && { championData: await readChampionData(championPackage, root) }),
    ...(showManifests && { manifests: await changeOf({ candidate, release }, options) }),
  };
  const text = report(data);
  await mkdir(paths.report, { recursive: true });
  await writeFile(join(paths.report, "report.md"), text);
  await writeFile(join(paths.report, "report.json"), `${JSON.stringify(data, null, 2)}\n`);
  return { text, data };
}

async function changeOf(
  { candidate, release }: { candidate: Candidate; release: Release | undefined },
  { root, codeRoot, config }: ReportOptions,
) {
  const { env, model } = candidate;
  const server = serverDigest(await servingTree(codeRoot), config.serving);
  const promoted = (source: string): Overlay => overlayOf({ candidate, release, config, server }, source);
  return await manifestChange(root, { env, model, promoted });
}

/** What a promotion would write; what only registration or the merge will tell is called "next". */
function overlayOf(
  of: {
    candidate: Candidate;
    release: Release | undefined;
    config: Pick<Config, "models">;
    server: Digest;
  },
  source: string,
): Overlay {
  const { candidate, release, config, server } = of;
  const { model, modelDigest, contentHash, git, run } = candidate;
  const tagged = { name: imageNameOf(source), tag: imageTag({ model, modelDigest, server }) };
  return {
    version: release?.version ?? "next",
    modelDigest,
    packageUri: release?.packageUri ?? packageUriOf(config, candidate),
    contentHash,
    runId: release?.runId ?? run?.runId ?? "next",
    image: release && release.state !== "registered" ? release.image : tagged,
    ...(git && { gitSha: git.sha }),
  };
}

async function readIfPresent<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  return existsSync(path) ? await readJsonFile(path, schema) : undefined;
}
