import { IssueError, type Issues } from "#actions/gitops/issues.ts";
import type { Overlay } from "#actions/gitops/overlay.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Drift } from "#training/drift/measure.ts";
import { compareRequests } from "#training/drift/run.ts";
import { openStorage } from "#training/storage/open.ts";
import { closeIssue, type IssueResult, keepIssue } from "./issue.ts";
import { issueOf, overText } from "./message.ts";

/** What was found of a model's requests. `nothing`: there was nothing to compare; `failed`: it could not be read. */
export type Found = Compared | { model: string; kind: "nothing" | "failed"; reason: string };

/** How a model's requests compare with what it was trained on. */
export interface Compared {
  model: string;
  kind: "compared";
  drift: Drift;
  version: string;
  modelDigest: string;
}

/** Compares the newest requests of a model in production with what it was trained on. */
export async function examine(
  { model, env, drift: { log, hours, ...thresholds } }: Pick<Config, "model" | "env" | "drift">,
  { champion, root, now }: { champion: Overlay | undefined; root: string; now: Date },
): Promise<Found> {
  if (!champion) return { model, kind: "nothing", reason: `no version of it is in ${env}` };
  if (log === undefined)
    return { model, kind: "nothing", reason: "drift.log does not say where its requests are logged" };
  const { version, modelDigest, packageUri } = champion;
  try {
    const { drift } = await compareRequests({
      package: openStorage(packageUri, root),
      modelDigest,
      log: { storage: openStorage(log, root), prefix: model },
      since: new Date(now.getTime() - hours * 3_600_000),
      until: now,
      thresholds,
    });
    return { model, kind: "compared", drift, version, modelDigest };
  } catch (error) {
    if (error instanceof BadInputError) return { model, kind: "failed", reason: error.message };
    throw error;
  }
}

/** Keeps the issue about the model open while its requests drift, and closes it afterwards. Tells what GitHub refused. */
export async function tell(
  found: Compared,
  { env, issues, runUrl }: { env: string; issues: Issues; runUrl: string },
): Promise<IssueResult | { kind: "refused"; reason: string }> {
  const text = issueOf(found, env, runUrl);
  try {
    switch (found.drift.kind) {
      case "drifted":
        return await keepIssue(issues, text);
      case "stable":
        return await closeIssue(issues, text, overText(found, runUrl));
      case "too-few":
        return { kind: "none", reason: "an open issue stays as it is" };
    }
  } catch (error) {
    if (error instanceof IssueError) return { kind: "refused", reason: error.message };
    throw error;
  }
}
