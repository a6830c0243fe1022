import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Overlay, overlayPath, writeOverlay } from "#actions/gitops/overlay.ts";
import { formatTrailers } from "#actions/gitops/trailers.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { runProgram } from "#test/parts/program.ts";
import { registered, sha256Of } from "#test/parts/release.ts";

/** A checkout whose main had iris 1 from the 1st, a proposal of 2 on the 2nd that was merged on the 4th, and a rollback on the 5th. */
async function createHistory() {
  const checkout = await createCheckout();
  const path = overlayPath("prod", "iris");
  const place = async (version: number, image: Partial<Overlay["image"]> = {}) => {
    const { modelDigest, packageUri, contentHash, runId } = registered(version);
    const facts = { version: String(version), modelDigest, packageUri, contentHash, runId, gitSha: "c".repeat(40) };
    const overlay = { ...facts, image: { name: "iris", tag: `iris-${version}`, ...image } };
    await checkout.write(path, writeOverlay(await readFile(join(checkout.path, path), "utf8"), overlay));
    return overlay;
  };
  await checkout.commit("Start", "2026-10-01T00:00:00Z");
  await place(1);
  const one = await checkout.commit("Promote iris 1 to prod", "2026-11-01T08:00:00Z");
  await checkout.git("checkout", "--quiet", "-b", "proposal");
  const { runId, version, modelDigest } = await place(2, { digest: sha256Of("d") });
  const commit = {
    sha: "c".repeat(40),
    author: "Grace \u001b[31mHopper",
    email: "grace@example.com",
    date: "2026-10-31T00:00:00Z",
    subject: "Widen \u001b[31mthe layer",
    body: "",
  };
  const trailers = formatTrailers({ commit, model: "iris", runId, version, modelDigest });
  await checkout.commit(`Promote iris 2 to prod\n\nwhy\n\n${trailers}`, "2026-11-02T08:00:00Z");
  await checkout.git("checkout", "--quiet", "main");
  await checkout.write("other.txt", "x");
  await checkout.commit("Change something else", "2026-11-03T08:00:00Z");
  await checkout.git("merge", "--quiet", "--no-ff", "--no-commit", "proposal");
  const merge = await checkout.commit("Merge pull request #1 from slipway/promote/prod/iris", "2026-11-04T08:00:00Z");
  await checkout.write(path, `# a note\n${await readFile(join(checkout.path, path), "utf8")}`);
  await checkout.commit("Explain the overlay", "2026-11-04T12:00:00Z");
  await place(1);
  const back = formatTrailers({ model: "iris", version: "1", rolledBack: "2", rollbackReason: "wrong labels" });
  await checkout.commit(`Roll back\n\n${back}`, "2026-11-05T08:00:00+01:00");
  return { ...checkout, one, merge };
}

const ask = (repository: string, ...args: string[]) =>
  runProgram("actions/lineage/main.ts", ["--repository", repository, ...args]);

describe("npm run lineage", () => {
  test("tells what was in production at a time, since when, by whom and from what", async () => {
    await using checkout = await createHistory();
    const at = async (time: string) => {
      const { code, output } = await ask(checkout.path, "--at", time, "--json");
      expect(code).toBe(0);
      return JSON.parse(output);
    };
    expect(await at("2026-10-31")).toEqual([]);
    expect(await at("2026-11-01T07:59Z")).toEqual([]);
    expect(await at("2026-11-01T09:00+01:00")).toMatchObject([{ env: "prod", model: "iris", version: "1" }]);
    expect(await at("2026-11-01")).toMatchObject([
      { version: "1", commit: checkout.one, code: { sha: "c".repeat(40) } },
    ]);
    // Only proposed on the 2nd; in production by the merge
    expect(await at("2026-11-03")).toMatchObject([{ version: "1", since: "2026-11-01T08:00:00.000Z" }]);
    expect(await at("2026-11-04")).toEqual([
      {
        env: "prod",
        model: "iris",
        version: "2",
        modelDigest: registered(2).modelDigest,
        image: { name: "iris", tag: "iris-2", digest: sha256Of("d") },
        packageUri: registered(2).packageUri,
        contentHash: registered(2).contentHash,
        runId: "run-2",
        code: expect.objectContaining({ sha: "c".repeat(40), email: "grace@example.com" }),
        since: "2026-11-04T08:00:00.000Z",
        by: "Ada Lovelace",
        commit: checkout.merge,
      },
    ]);
    expect(await at("2027-01-01")).toMatchObject([
      { version: "1", rolledBack: { version: "2", reason: "wrong labels" } },
    ]);
  });

  test("as a table, without what would colour a terminal", async () => {
    await using checkout = await createHistory();
    const { code, output } = await ask(checkout.path, "--at", "2026-11-04", "--env", "prod", "--model", "iris");
    expect(code).toBe(0);
    const [titles, row] = output.trim().split("\n");
    expect(titles).toMatch(/^ENV\s+MODEL\s+VERSION\s+SINCE\s+BY\s+PACKAGE\s+IMAGE\s+MLFLOW RUN\s+CODE\s+COMMIT$/);
    expect(row).toMatch(
      /^prod +iris +2 +2026-11-04T08:00:00Z +Ada Lovelace +0{12} +d{12} +run-2 +c{8} Widen {2}\[31mthe layer +[0-9a-f]{8}$/,
    );
    const now = await ask(checkout.path);
    expect(now.output).toContain("1 (after 2)");
    const before = await ask(checkout.path, "--at", "2026-10-02");
    expect(before).toMatchObject({
      code: 0,
      output: expect.stringContaining("Nothing was in production at 2026-10-02T23:59:59.999Z"),
    });
  });

  test("--help tells how; a wrong time, option, folder, branch or name is told with exit code 42", async () => {
    await using checkout = await createHistory();
    const { path } = checkout;
    expect(await ask(path, "--help")).toMatchObject({ code: 0, output: expect.stringContaining("--at TIME") });
    const wrong: [args: string[], told: RegExp][] = [
      [["--at", "yesterday"], /--at yesterday: is no day like 2026-11-01 and no time like/],
      [["--at", "2026-02-30"], /--at 2026-02-30: is no day/],
      [["--when", "now"], /Unknown option '--when'[\s\S]*npm run lineage/],
      [["--branch", "release"], /there is no commit release/],
      [["--model", "irsi"], /manifests\/serving\/overlays\/\*\/irsi: there is none on HEAD; there is: .*prod\/iris/],
      [["--repository", join(path, "nowhere")], /nowhere: there is no such folder/],
    ];
    for (const [args, told] of wrong) {
      const { code, output } = await ask(path, ...args);
      expect(output).toMatch(told);
      expect(code).toBe(42);
    }
  });
});
