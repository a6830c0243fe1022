import { resolve } from "node:path";
import { parse, stringify } from "yaml";
import { type Committer, land } from "#actions/gitops/committer.ts";
import { patternPath } from "#actions/train/job.ts";
import { loadConfig } from "#config/load.ts";

const root = resolve(import.meta.dirname, "../../..");

type Pattern = { spec: { activeDeadlineSeconds?: number; template: { spec: { nodeSelector?: object } } } };

/** Changes what every training Job is made of from now on. */
export async function changePattern(committer: Committer, change: (job: Pattern) => void): Promise<void> {
  await land(committer, async (head) => {
    const job = parse((await committer.read(head, patternPath)) ?? "") as Pattern;
    change(job);
    return { kind: "change", message: "Change the pattern", files: { [patternPath]: stringify(job) } };
  });
}

/** A training in dev, whose content is that of no other digit. Nobody has its image. */
export async function orderOf(model: string, digit: string) {
  const set = ["models.uri=s3://models/dev"];
  const config = await loadConfig({ root, env: "dev", model, set });
  const contentHash = `sha256:${digit}${"0".repeat(63)}`;
  return { config, set, contentHash, image: "training:none", gitSha: undefined, files: { "dev.yaml": "{}" } };
}
