import { isMap, isSeq } from "yaml";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { Digest } from "#training/candidate.ts";
import { Image } from "#training/release.ts";
import { type Edit, parseYaml, splice } from "./splice.ts";

/** What an overlay says was promoted: the champion of a model in an environment. */
export const Overlay = z.strictObject({
  version: z.string().min(1),
  modelDigest: Digest,
  packageUri: z.string().min(1),
  contentHash: Digest,
  gitSha: z.string().optional(), // the code commit the promotion was made for
  runId: z.string().min(1),
  image: Image,
  // what Argo CD's pages tell people; nothing is decided by it
  metric: z.string().optional(),
  verdict: z.string().optional(),
  pullRequest: z.string().optional(), // the URL
});
export type Overlay = z.infer<typeof Overlay>;

const imageName = "serving"; // of the container in the base
const firstReplicas = 2; // so that one serves while the other's node is drained
const annotations = {
  version: "slipway/model-version",
  modelDigest: "slipway/model-digest",
  packageUri: "slipway/model-uri",
  contentHash: "slipway/content-hash",
  gitSha: "slipway/git-sha",
  runId: "slipway/mlflow-run",
  metric: "slipway/metric",
  verdict: "slipway/verdict",
  pullRequest: "slipway/pull-request",
} as const;

/** Where the overlays lie in the GitOps repository. */
export const overlaysFolder = "manifests/serving/overlays";

/** Where the overlay of a model in an environment lies. */
export function overlayPath(env: string, model: string): string {
  return `${overlaysFolder}/${env}/${model}/kustomization.yaml`;
}

/** Whose overlay lies at a path; `undefined` for any other file. */
export function ownerOf(path: string): { env: string; model: string } | undefined {
  const [env = "", model = "", ...rest] = path.slice(overlaysFolder.length + 1).split("/");
  return rest.length === 1 && path === overlayPath(env, model) ? { env, model } : undefined;
}

/** Whether an overlay is one that promotions go to; the others take what they run from such a one. */
export function isPromotionTarget(source: string): boolean {
  return parseYaml(source).has("images");
}

/** What was promoted, from the text of a kustomization; `undefined` when nothing was yet. Throws a `BadInputError` where it is half written. */
export function readOverlay(source: string): Overlay | undefined {
  const overlay = rawOverlay(source);
  if (!overlay["modelDigest"]) return undefined;
  const parsed = Overlay.safeParse(overlay);
  if (parsed.success) return parsed.data;
  throw new BadInputError(`the promoted facts of the overlay do not hold together:\n${z.prettifyError(parsed.error)}`);
}

/** The image name the overlay's owner chose (a registry path); a release without an image takes it. */
export function imageNameOf(source: string): string {
  return String(parseYaml(source).getIn([...imagePath(source), "newName"]) ?? imageName);
}

/**
 * The kustomization with `overlay` promoted, every other byte as it was. Replicas are touched once: from 0 at the
 * first promotion. `undefined` puts it back to the state before any promotion.
 */
export function writeOverlay(source: string, overlay: Overlay | undefined): string {
  const image = imagePath(source);
  const edits: Edit[] = [
    { path: [...image, "newName"], value: overlay?.image.name ?? imageNameOf(source) },
    { path: [...image, "newTag"], value: overlay?.image.tag ?? "none" },
    { path: [...image, "digest"], value: overlay?.image.digest ?? "" },
    ...Object.entries(annotations).map(([key, annotation]) => ({
      path: ["commonAnnotations", annotation],
      value: overlay?.[key as keyof typeof annotations] ?? "",
    })),
    ...replicaEdits(source, overlay),
  ];
  return splice(source, edits);
}

/** Does `work` on an overlay; what is wrong with the overlay is told with its name. */
export async function namingOverlay<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BadInputError) throw new BadInputError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function rawOverlay(source: string): Record<string, unknown> {
  const document = parseYaml(source);
  const image = imagePath(source);
  const text = (path: readonly (string | number)[]) => String(document.getIn(path) ?? "") || undefined;
  const facts = Object.entries(annotations).map(([key, annotation]) => [key, text(["commonAnnotations", annotation])]);
  const digest = text([...image, "digest"]);
  return {
    ...Object.fromEntries(facts.filter(([, value]) => value !== undefined)),
    image: { name: text([...image, "newName"]), tag: text([...image, "newTag"]), ...(digest ? { digest } : {}) },
  };
}

function imagePath(source: string): (string | number)[] {
  const images = parseYaml(source).get("images");
  const index = isSeq(images) ? images.items.findIndex((item) => isMap(item) && item.get("name") === imageName) : -1;
  if (index < 0) throw new BadInputError(`images: none is named ${imageName}, the image of the base`);
  return ["images", index];
}

function replicaEdits(source: string, overlay: Overlay | undefined): Edit[] {
  const replicas = parseYaml(source).get("replicas");
  const count = isSeq(replicas) && replicas.items.length > 0 ? replicas.getIn([0, "count"]) : undefined;
  if (count === undefined) return []; // an autoscaler's
  if (!overlay) return [{ path: ["replicas", 0, "count"], value: 0 }];
  const first = count === 0 && readOverlay(source) === undefined;
  return first ? [{ path: ["replicas", 0, "count"], value: firstReplicas }] : [];
}
