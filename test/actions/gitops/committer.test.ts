import { join } from "node:path";
import { expect, test } from "vitest";
import { type Committer, land } from "#actions/gitops/committer.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { createCheckout } from "#test/parts/checkout.ts";

test("whoever is late reads again and applies again, so no line is lost", { timeout: 60_000 }, async () => {
  await using checkout = await createCheckout();
  const local = await openLocalRepository({ folder: join(checkout.path, "gitops"), root: checkout.path });
  const committer: Committer = { ...local, inTurn: (work) => work() }; // as where nobody can take turns
  let plans = 0;
  const path = "manifests/log.txt";
  const append = (line: string) =>
    land<never>(committer, async (head) => {
      plans++;
      return {
        kind: "change",
        files: { [path]: `${(await committer.read(head, path)) ?? ""}${line}\n` },
        message: line,
      };
    });
  const lines = ["a", "b", "c", "d", "e", "f"];
  const landed = await Promise.all(lines.map(append));
  expect(new Set(landed.map((result) => result.kind === "committed" && result.sha)).size).toBe(lines.length);
  const text = (await committer.read(await committer.head(), path)) ?? "";
  expect(text.trim().split("\n").sort()).toEqual(lines);
  expect(plans).toBeGreaterThan(lines.length);
});

test("a branch that cannot be moved is told with git's reason, not tried for ever", async () => {
  const committer: Committer = {
    repository: "owner/name",
    branch: "main",
    head: async () => "abc",
    read: async () => undefined,
    commit: async () => ({ kind: "stale", reason: "main.lock: File exists" }),
    inTurn: (work) => work(),
  };
  const plan = async () => ({ kind: "change" as const, files: {}, message: "x" });
  await expect(land(committer, plan, { attempts: 3 })).rejects.toThrow(
    /owner\/name: main could not be moved in 3 tries, the last: main\.lock/,
  );
});

test("a plan that needs no commit makes none", async () => {
  await using checkout = await createCheckout();
  const committer = await openLocalRepository({ folder: join(checkout.path, "gitops"), root: checkout.path });
  const head = await committer.head();
  expect(await land(committer, async () => ({ kind: "done", value: 42 }))).toEqual({ kind: "done", value: 42 });
  expect(await committer.head()).toBe(head);
});
