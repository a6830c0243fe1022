import { existsSync } from "node:fs";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inTurn } from "#actions/gitops/turn.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

test("one at a time, also after one failed", async () => {
  await using folder = await temporaryFolder();
  const lock = join(folder.path, "lock");
  let inside = 0;
  const turns = Array.from({ length: 8 }, (_, index) =>
    inTurn(lock, async () => {
      expect(++inside).toBe(1);
      await sleep(5);
      inside--;
      if (index % 2 === 0) throw new Error("no");
      return index;
    }),
  );
  const results = await Promise.allSettled(turns);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  expect(existsSync(lock)).toBe(false);
});

test("a turn whose holder died is taken over", async () => {
  await using folder = await temporaryFolder();
  const lock = join(folder.path, "lock");
  await writeFile(lock, "");
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(lock, longAgo, longAgo);
  expect(await inTurn(lock, async () => "done")).toBe("done");
});

test("a folder that is not there is told", async () => {
  await expect(inTurn("/nowhere/lock", async () => "done")).rejects.toThrow(/ENOENT/);
});
