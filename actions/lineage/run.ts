import type { LocalHistory } from "#actions/gitops/file-history.ts";
import { overlaysFolder, ownerOf } from "#actions/gitops/overlay.ts";
import { placements } from "#actions/gitops/placements.ts";
import type { CodeCommit } from "#actions/gitops/trailers.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { Image } from "#training/release.ts";

/** A release that was in production, and where it came from. */
export interface InProduction {
  env: string;
  model: string;
  version: string;
  modelDigest: string;
  image: Image;
  packageUri: string;
  contentHash: string;
  runId: string; // of MLflow
  code: CodeCommit | { sha: string } | undefined; // the commit it was made from, as far as that is known
  since: string; // ISO 8601, UTC
  by: string; // author of the commit that brought it
  commit: string;
  rolledBack: { version: string; reason: string | undefined } | undefined; // where it came as a rollback
}

export interface Question {
  at: Date;
  branch: string;
  env?: string | undefined; // all
  model?: string | undefined; // all
}

/**
 * What was in production at a moment, by environment and model.
 * Throws a `BadInputError` where the repository can't tell, or has never heard of this environment or model.
 */
export async function lineage(question: Question, files: LocalHistory): Promise<InProduction[]> {
  const head = await files.resolve(question.branch);
  await checkKnown(question, head, files);
  const at = await files.at(head, question.at);
  const owners = at === undefined ? [] : matching(await ownersAt(at, files), question);
  const found: InProduction[] = [];
  for (const owner of owners) {
    for await (const { overlay, commit, trailers } of placements(files, { ...owner, at: at ?? head })) {
      if (!overlay) break;
      const { gitSha, ...facts } = overlay;
      const { rolledBack: version, rollbackReason: reason } = trailers;
      found.push({
        ...owner,
        ...facts,
        code: trailers.commit ?? (gitSha === undefined ? undefined : { sha: gitSha }),
        since: new Date(commit.date).toISOString(),
        by: commit.by,
        commit: commit.sha,
        rolledBack: version === undefined ? undefined : { version, reason },
      });
      break; // what came before is not asked for
    }
  }
  return found;
}

type Owner = { env: string; model: string };

async function ownersAt(commit: string, files: LocalHistory): Promise<Owner[]> {
  const paths = await files.list(commit, overlaysFolder);
  return paths.map(ownerOf).filter((owner) => owner !== undefined);
}

function matching(owners: readonly Owner[], { env, model }: Question): Owner[] {
  return owners.filter((owner) => owner.env === (env ?? owner.env) && owner.model === (model ?? owner.model));
}

async function checkKnown(question: Question, head: string, files: LocalHistory): Promise<void> {
  const known = await ownersAt(head, files);
  if (matching(known, question).length > 0) return;
  const names = known.map(({ env, model }) => `${env}/${model}`).join(", ") || "none";
  const { env = "*", model = "*" } = question;
  throw new BadInputError(`${overlaysFolder}/${env}/${model}: there is none on ${question.branch}; there is: ${names}`);
}
