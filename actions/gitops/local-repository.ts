import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Committer } from "./committer.ts";
import { createLocalGit, createPlainGit, type Entry, type LocalGit } from "./local-git.ts";
import {
  imageNameOf,
  isPromotionTarget,
  namingOverlay,
  type Overlay,
  ownerOf,
  readOverlay,
  writeOverlay,
} from "./overlay.ts";

const checkoutRef = "refs/slipway/checkout"; // the checkout's manifests/ as last taken over

/**
 * Opens the GitOps repository in `folder`; makes it from the `manifests/` of the checkout at `root` at first use.
 *
 * The rule of two sources: what was promoted is this repository's, everything else the checkout's. Whatever changed in
 * the checkout's `manifests/` since it was last taken over is taken over now, in one commit; files that only this
 * repository has stay. Facts promoted elsewhere that a checkout may hold are not of this machine and are left out.
 * The checkout is only read. Throws a `BadInputError` that names a manifest which cannot carry what was promoted.
 */
export async function openLocalRepository({ folder, root }: { folder: string; root: string }): Promise<Committer> {
  const path = resolve(folder);
  const from = resolve(root);
  if (!existsSync(join(from, "manifests")))
    throw new BadInputError(`${from}: has no folder manifests/ to promote into`);
  if (!existsSync(join(path, ".git"))) await create(path, from);
  const local = createLocalGit(path);
  while ((await takeOver(local, from)) === "stale"); // another process has just done it
  await local.refreshWorkTree();
  return local.committer;
}

async function create(folder: string, root: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  try {
    const local = createLocalGit(draft);
    await local.git(["init", "--quiet", "--template="]);
    await local.git(["symbolic-ref", "HEAD", "refs/heads/main"]);
    await takeOver(local, root);
    await rename(draft, folder).catch((cause: unknown) => {
      if (existsSync(join(folder, ".git"))) return; // another process was faster
      throw new Error(`${folder}: something else is there; move it away, the GitOps repository belongs there`, {
        cause,
      });
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function takeOver(local: LocalGit, root: string): Promise<"done" | "stale"> {
  const [expectedHead, old] = [await refOf(local, "refs/heads/main"), await refOf(local, checkoutRef)];
  const tree = await snapshot(local, root);
  if (tree === old) return "done";
  const changes = await changesBetween(local, old, tree);
  const entries = await Promise.all(changes.map((entry) => withPromotedFacts(local, expectedHead, entry)));
  const message = expectedHead
    ? `Take over the checkout's manifests\n\n${changes.length} changed files, with what was promoted here`
    : "Start from the checkout's manifests";
  const refs = { [checkoutRef]: { from: old, to: tree } };
  const result = await local.commitEntries({ expectedHead, message, entries, refs });
  return result.kind === "committed" ? "done" : "stale";
}

/** The tree of the checkout's `manifests/` as it lies there, committed or not. */
async function snapshot(local: LocalGit, root: string): Promise<string> {
  const git = createPlainGit(local.committer.repository, root);
  return await local.withIndex(async (environment) => {
    await git(["add", "--force", "--all", "--", "manifests"], { environment });
    return (await git(["write-tree"], { environment })).trim();
  });
}

async function changesBetween(local: LocalGit, old: string | undefined, tree: string): Promise<Entry[]> {
  const empty = (await local.git(["hash-object", "-t", "tree", "-w", "--stdin"])).trim();
  const fields = (await local.git(["diff-tree", "-r", "-z", "--no-renames", "--raw", old ?? empty, tree])).split("\0");
  const changes: Entry[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, mode = "", , blob = "", status] = (fields[i] ?? "").split(" ");
    changes.push({ path: fields[i + 1] ?? "", mode, blob: status === "D" ? undefined : blob });
  }
  return changes;
}

async function withPromotedFacts(local: LocalGit, head: string | undefined, entry: Entry): Promise<Entry> {
  if (!ownerOf(entry.path) || !entry.blob) return entry;
  const theirs = await local.git(["cat-file", "blob", entry.blob]);
  const ours = head ? await local.committer.read(head, entry.path) : undefined;
  return await namingOverlay(entry.path, async () => {
    if (!isPromotionTarget(theirs)) return entry;
    const promoted = ours === undefined ? undefined : readOverlay(ours);
    return { ...entry, blob: await local.blobOf(writeOverlay(theirs, promoted && renamed(promoted, theirs))) };
  });
}

// Where no image was pushed, its name is only what the overlay's owner wants it to be
function renamed(promoted: Overlay, theirs: string): Overlay {
  return promoted.image.digest ? promoted : { ...promoted, image: { ...promoted.image, name: imageNameOf(theirs) } };
}

async function refOf(local: LocalGit, ref: string): Promise<string | undefined> {
  return (await local.git(["for-each-ref", "--format=%(objectname)", ref])).trim() || undefined;
}
