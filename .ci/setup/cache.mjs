import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { withLock } from "./lock.mjs";

const abandonedMs = 24 * 3600 * 1000;

/** Where downloads and builds live, shared by every checkout of this user. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "slipway");

/** A short name for exactly these inputs. */
export function keyOf(...inputs) {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/**
 * Makes `folder` hold `file`, building it only when it does not yet. `build(own)` fills a folder of its own, whose path stays
 * (virtual environments hold their path); `folder` becomes a link to it when it is whole. So a build that was broken off leaves
 * no trace that anyone would use, and two builds at once both end with a whole folder. Returns the path of `file`.
 */
export async function once(folder, file, build) {
  const wanted = join(folder, file);
  if (existsSync(wanted)) return wanted;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(wanted)) return;
    await removeAbandoned(folder);
    const own = `${folder}.${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(own);
      await build(own);
      if (!existsSync(join(own, file))) throw new Error(`${own} was built without ${file}`);
      await publish(own, folder, wanted);
    } catch (error) {
      await rm(own, { recursive: true, force: true });
      throw error;
    }
  });
  return wanted;
}

async function publish(own, folder, wanted) {
  try {
    await symlink(basename(own), folder);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (existsSync(wanted)) return await rm(own, { recursive: true }); // another was faster: its folder is in use
    const link = `${own}.link`;
    await symlink(basename(own), link);
    await rename(link, folder);
  }
}

async function removeAbandoned(folder) {
  for (const name of await readdir(dirname(folder))) {
    if (!/^\.[0-9a-f]{8}$/.test(name.slice(basename(folder).length)) || !name.startsWith(basename(folder))) continue;
    const path = join(dirname(folder), name);
    if (Date.now() - (await stat(path)).mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
}
