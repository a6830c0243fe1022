import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { startBackend } from "#training/backend.ts";
import { Candidate, type Digest } from "#training/candidate.ts";
import { type Dataset, loadDataset, type TextDataset } from "#training/data/dataset.ts";
import type { Evaluation } from "#training/evaluation.ts";
import { readJsonFile } from "#training/json-file.ts";
import type { ModelPackage } from "#training/package/package.ts";
import { readPackage } from "#training/package/read.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Storage } from "#training/storage/storage.ts";
import { tokenizedExamples } from "#training/text/tokenized.ts";
import { isTiny } from "#training/tiny.ts";
import { evaluate } from "./evaluate.ts";
import { writeEvaluation } from "./files.ts";
import { recordLook } from "./looks.ts";

/** A model in production, as its overlay names it. */
export interface Champion {
  readonly version: string;
  readonly modelDigest: Digest;
  readonly packageUri: string; // folder, or s3://
}

export interface EvaluateCandidateOptions {
  readonly root: string; // relative paths of the configuration start here
  readonly config: Config;
  readonly storage: Storage; // of the models: keeps the looks
  readonly candidate: string; // folder of candidate.json and model/
  readonly out: string; // folder for evaluation.json and predictions.jsonl
  readonly role: "validation" | "test";
  readonly champion?: Champion | undefined;
  readonly modelDigest?: Digest | undefined; // of the candidate, from where the candidate could not have changed it
}

/**
 * Evaluates the candidate in a folder beside the champion, on the data of the configuration, and writes `evaluation/`.
 * A look at test examples is counted first, so that a broken-off one counts too.
 * @throws BadInputError for damaged packages, and for data that the candidate does not fit.
 */
export async function evaluateCandidate(options: EvaluateCandidateOptions): Promise<Evaluation> {
  const { root, config, storage, role, champion } = options;
  const { model, env } = config;
  const dataset = await loadDataset(config.data, { root });
  const { summary, classes } = dataset;
  const isText = !("inputShape" in dataset);
  await startBackend(config.device, { tiny: !isText && isTiny(dataset.inputShape) });
  const examplesFingerprint = role === "test" ? summary.testFingerprint : summary.validationFingerprint;
  const modelDigest =
    options.modelDigest ?? (await readJsonFile(join(options.candidate, "candidate.json"), Candidate)).modelDigest;
  const candidate = await readPackage(join(options.candidate, "model"), modelDigest);
  let opponent: ModelPackage | undefined;
  try {
    const fetched = champion && (await fetchOpponent(champion, { root, role }));
    opponent = fetched?.package;
    const examples = examplesFor(candidate, dataset, role);
    if (!examples)
      throw new BadInputError("the candidate takes numbers, and the data has texts; train it on this data");
    const look = { model, examplesFingerprint, modelDigest, at: new Date() };
    const result = await evaluate({
      ...{ model, env, classes, examplesFingerprint, candidate },
      features: isText ? undefined : dataset.features,
      examples,
      champion: champion &&
        opponent && {
          version: champion.version,
          package: opponent,
          examples: examplesFor(opponent, dataset, role),
        },
      looks: role === "test" ? await recordLook(storage, look) : 0,
    });
    const evaluation = {
      ...result.evaluation,
      ...(fetched?.unreadable && { incomparableChampion: fetched.unreadable }),
    };
    await writeEvaluation(options.out, { ...result, evaluation });
    return evaluation;
  } finally {
    candidate.model.dispose();
    opponent?.model.dispose();
  }
}

type Opponent =
  | { package: ModelPackage; unreadable?: undefined }
  | { package?: undefined; unreadable: NonNullable<Evaluation["incomparableChampion"]> };

/** The champion. On validation examples, which decide nothing, it may be out of reach: a fork's run has no credentials. */
async function fetchOpponent(
  champion: Champion,
  { root, role }: Pick<EvaluateCandidateOptions, "root" | "role">,
): Promise<Opponent> {
  try {
    return { package: await fetchPackage(champion, root) };
  } catch (error) {
    if (role === "test") throw error;
    const { version, modelDigest, packageUri } = champion;
    const message = error instanceof Error ? error.message : String(error);
    return { unreadable: { version, modelDigest, reason: `${packageUri} can't be read here: ${message}` } };
  }
}

/** Texts become numbers by each package's own tokenizer; `undefined` for a package without one. */
function examplesFor({ text }: ModelPackage, dataset: Dataset | TextDataset, role: "validation" | "test") {
  if ("inputShape" in dataset) return dataset[role];
  return text && tokenizedExamples(dataset[role], text.encoder);
}

async function fetchPackage({ packageUri, modelDigest }: Champion, root: string): Promise<ModelPackage> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "slipway-champion-"));
  await openStorage(packageUri, root).download("", folder.path);
  return await readPackage(folder.path, modelDigest);
}
