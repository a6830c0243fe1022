import { rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./progress.mjs";

const pollMs = 500;
const beatMs = 2_000;
const deadMs = 20_000;

/** Does `work` while no other set-up holds `path`. A holder keeps the file's time fresh; the lock of one that is gone is taken over. */
export async function withLock(path, work) {
  let told = false;
  while (!(await acquire(path))) {
    if (!told) say(`waiting for another set-up that holds ${path}`);
    told = true;
    await sleep(pollMs);
  }
  const beat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => clearInterval(beat)), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

async function acquire(path) {
  try {
    await writeFile(path, "", { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const age = Date.now() - (await timeOf(path));
  if (age > deadMs) await removeOnce(path);
  return false;
}

async function timeOf(path) {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error.code === "ENOENT") return Date.now(); // just released
    throw error;
  }
}

// of several that find the same dead lock, only one rename succeeds
async function removeOnce(path) {
  const dead = `${path}.${process.pid}`;
  try {
    await rename(path, dead);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  await rm(dead, { force: true });
}
