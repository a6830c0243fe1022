import { describe, expect, test } from "vitest";
import type { Placement } from "#actions/gitops/placements.ts";
import { findTarget } from "#actions/rollback/target.ts";
import { registered, sha256Of } from "#test/parts/release.ts";

/** What was in production, oldest first: a version, a rollback "7 from 8", or nothing "-". */
async function* placed(...texts: string[]): AsyncGenerator<Placement> {
  for (const [index, text] of texts.entries().toArray().reverse()) {
    const [version = "", rolledBack] = text.split(" from ");
    const { modelDigest, packageUri, contentHash, runId } = registered(Number(version) || 0);
    const image = { name: "iris", tag: `iris-${version}`, digest: sha256Of("d") };
    yield {
      overlay: version === "-" ? undefined : { version, modelDigest, packageUri, contentHash, runId, image },
      commit: { sha: `commit-${index}`, date: "2026-11-01T00:00:00Z", by: "bot", message: "" },
      trailers: rolledBack === undefined ? {} : { rolledBack, rollbackReason: "it was bad" },
    };
  }
}

const iris = { env: "prod", model: "iris" };

describe("the version before", () => {
  const cases: [name: string, history: string[], blocked: string[], told: string][] = [
    ["is the newest other one", ["-", "5", "6", "7"], [], "go 7 -> 6"],
    ["is not one that is blocked", ["5", "6", "7"], ["6"], "go 7 -> 5"],
    ["is not another image of the same version", ["5", "7", "7"], [], "go 7 -> 5"],
    ["is not one that was rolled back itself", ["5", "6", "5 from 6", "7"], [], "go 7 -> 5"],
    ["may be one that came back after its rollback", ["5", "6", "5 from 6", "6", "7"], [], "go 7 -> 6"],
    ["right after a rollback is that one again", ["5", "6", "7", "6 from 7"], [], "complete 7 -> 6"],
    ["is there none", ["-", "7"], [], "refused"],
    ["is there none that may run", ["6", "7"], ["6"], "refused"],
  ];
  test.each(cases)("%s", async (_name, history, blocked, told) => {
    const target = await findTarget(iris, placed(...history), async (version) =>
      blocked.includes(version) ? "bad" : undefined,
    );
    const shown =
      "bad" in target ? `${target.kind} ${target.bad.overlay.version} -> ${target.to.overlay.version}` : target.kind;
    expect(shown).toBe(told);
  });
});

describe("a version that is named", () => {
  const go = (toVersion: string, ...history: string[]) =>
    findTarget({ ...iris, toVersion }, placed(...history), async (version) => (version === "4" ? "" : undefined));

  test("is gone back to, also past a rollback, with what was in production then", async () => {
    expect(await go("5", "5", "6", "5 from 6", "7")).toMatchObject({ kind: "go", to: { commit: { sha: "commit-2" } } });
    expect(await go("5", "5", "6", "7", "6 from 7")).toMatchObject({ kind: "go", bad: { overlay: { version: "6" } } });
    expect(await go("6", "5", "6", "7", "6 from 7")).toMatchObject({ kind: "complete" });
  });

  test("that is blocked or in place is told so", async () => {
    expect(await go("4", "4", "5")).toEqual({
      kind: "refused",
      reason: expect.stringContaining("4 is blocked: no reason"),
    });
    expect(await go("5", "4", "5")).toEqual({ kind: "no-op", reason: "version 5 is in production" });
  });

  test("that never was there is told with those that were", async () => {
    await expect(go("9", "5", "6", "7")).rejects.toThrow(
      /version 9 of iris was never in production in prod; before there was: 6, 5/,
    );
    await expect(go("9")).rejects.toThrow(/iris has no version in prod: there is nothing to roll back/);
    await expect(go("9", "5", "-")).rejects.toThrow(/nothing to roll back/);
  });
});
