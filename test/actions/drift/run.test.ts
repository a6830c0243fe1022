import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Compared, examine, tell } from "#actions/drift/run.ts";
import type { Overlay } from "#actions/gitops/overlay.ts";
import { createGitHub } from "#actions/io/github.ts";
import { Drift } from "#config/drift.ts";
import { startGitHub, type TokenPermissions } from "#test/parts/github/start.ts";
import { actionsBot, newIssue } from "#test/parts/github/state.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { loggedRequests } from "#test/parts/logged-requests.ts";
import { registered } from "#test/parts/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { readReference } from "#training/package/read-reference.ts";
import { openStorage } from "#training/storage/open.ts";

const runUrl = "https://github.com/acme/models/actions/runs/1";
const ada = { login: "ada", id: 11, type: "User" } as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let champion: Overlay;
beforeAll(async () => {
  folder = await temporaryFolder();
  const { digest } = await writeIrisPackage(join(folder.path, "model"), undefined, await parseIris());
  const { version, contentHash, runId } = registered(1);
  const image = { name: "iris", tag: "none" };
  champion = { version, contentHash, runId, image, packageUri: "./model", modelDigest: digest };
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Writes a log and compares it with the model. */
async function compared(
  log: { isDrifted?: boolean; count?: number; until?: Date },
  changes: { drift?: Partial<Drift>; champion?: Partial<Overlay> } = {},
) {
  await mkdir(join(folder.path, "requests/iris"), { recursive: true });
  const told = await readReference(openStorage(champion.packageUri, folder.path));
  await writeFile(join(folder.path, "requests/iris/log.jsonl"), loggedRequests(told, log));
  const config = { model: "iris", env: "prod", drift: Drift.parse({ log: "./requests", ...changes.drift }) };
  const place = { champion: { ...champion, ...changes.champion }, root: folder.path, now: new Date() };
  return await examine(config, place);
}

async function comparedAs(kind: Compared["drift"]["kind"]): Promise<Compared> {
  const found = await compared({ isDrifted: kind === "drifted", count: kind === "too-few" ? 10 : 300 });
  if (found.kind !== "compared" || found.drift.kind !== kind) throw new Error(`not ${kind}: ${JSON.stringify(found)}`);
  return found;
}

describe("what is compared", () => {
  test("is the log of the model in production with its package", async () => {
    expect(await compared({})).toMatchObject({ kind: "compared", version: "1", drift: { kind: "stable", rows: 300 } });
    expect(await compared({ isDrifted: true })).toMatchObject({ drift: { kind: "drifted" } });
  });

  test("is the window that the configuration names", async () => {
    const old = new Date(Date.now() - 10 * 86_400_000);
    expect(await compared({ isDrifted: true, until: old })).toMatchObject({ drift: { kind: "too-few", rows: 0 } });
    expect(await compared({ isDrifted: true, until: old }, { drift: { hours: 1000 } })).toMatchObject({
      drift: { kind: "drifted" },
    });
  });

  test("is nothing without a version in production or a log, with the reason", async () => {
    const place = { root: folder.path, now: new Date() };
    const config = { model: "iris", env: "prod", drift: Drift.parse({}) };
    expect(await examine(config, { ...place, champion: undefined })).toMatchObject({
      kind: "nothing",
      reason: "no version of it is in prod",
    });
    expect(await examine(config, { ...place, champion })).toMatchObject({ kind: "nothing", reason: /drift\.log/ });
  });

  test.each<[string, Partial<Overlay>, Partial<Drift>, RegExp]>([
    [
      "a package that is not the promoted one",
      { modelDigest: `sha256:${"0".repeat(64)}` },
      {},
      /digests\.txt: its digest is/,
    ],
    ["a package that is gone", { packageUri: "./lost" }, {}, /digests\.txt: missing/],
    ["a log that is gone", {}, { log: "./lost" }, /can't read the request log/],
  ])("%s is told", async (_, wrong, drift, reason) => {
    expect(await compared({}, { champion: wrong, drift })).toMatchObject({ kind: "failed", reason });
  });
});

/** GitHub with a repository, and what `tell` does there. */
async function createIssues() {
  const hub = await startGitHub();
  const repository = `${hub.repository.owner}/${hub.repository.name}`;
  return {
    hub,
    issues: hub.state.issues,
    tell: async (found: Compared, permissions: TokenPermissions = { issues: "write" }) => {
      const github = createGitHub({ token: hub.token(permissions), apiUrl: hub.apiUrl, info: () => undefined });
      return await tell(found, { env: "prod", runUrl, issues: { github, repository } });
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

// most of the time the client waits, as GitHub asks it to
describe.concurrent("the one issue", () => {
  test("is opened on drift, left alone while nothing changes, updated, closed when it is over, and opened again", async ({
    expect,
  }) => {
    await using world = await createIssues();
    const [drifted, stable] = [await comparedAs("drifted"), await comparedAs("stable")];
    expect(await world.tell(stable)).toMatchObject({ kind: "none" });
    expect(world.issues).toEqual([]);

    const opened = await world.tell(drifted);
    expect(opened).toMatchObject({ kind: "opened", url: expect.stringContaining("/issues/1") });
    expect(world.issues).toMatchObject([
      { title: "Requests to iris in prod have drifted", labels: ["drift"], state: "open", user: actionsBot },
    ]);
    expect(world.issues[0]?.body).toMatch(/petal_length \|.*\*\*drifted\*\*/);
    expect(await world.tell(drifted)).toEqual({ ...opened, kind: "unchanged" });
    const worse = { ...drifted, drift: { ...drifted.drift, reason: "400 requests differ in all" } };
    expect(await world.tell(worse)).toEqual({ ...opened, kind: "updated" });
    expect(world.issues[0]?.body).toContain("400 requests differ in all");

    expect(await world.tell(await comparedAs("too-few"))).toMatchObject({ kind: "none" });
    expect(world.issues).toMatchObject([{ state: "open" }]);
    expect(await world.tell(stable)).toEqual({ ...opened, kind: "closed" });
    expect(world.issues).toMatchObject([{ state: "closed", stateReason: "completed" }]);
    expect(world.hub.state.comments).toMatchObject([
      { issue: 1, body: expect.stringContaining("It is over: 300 requests") },
    ]);
    expect(await world.tell(stable)).toMatchObject({ kind: "none" });

    expect(await world.tell(drifted)).toEqual({ ...opened, kind: "reopened" });
    expect(world.issues).toMatchObject([{ number: 1, state: "open" }]);
  });

  test("that people closed as not planned stays closed until another version serves", async ({ expect }) => {
    await using world = await createIssues();
    const drifted = await comparedAs("drifted");
    await world.tell(drifted);
    for (const issue of world.issues) Object.assign(issue, { state: "closed", stateReason: "not_planned" });
    expect(await world.tell(drifted)).toMatchObject({ kind: "none", reason: expect.stringContaining("not planned") });
    expect(await world.tell({ ...drifted, modelDigest: `sha256:${"1".repeat(64)}` })).toMatchObject({
      kind: "reopened",
    });
    expect(world.issues).toHaveLength(1);
  });

  test("is found beyond the first page, and no issue of others with the same marker is touched", async ({ expect }) => {
    await using world = await createIssues();
    const drifted = await comparedAs("drifted");
    await world.tell(drifted);
    const marker = world.issues[0]?.body ?? "";
    for (let at = 0; at < 120; at++) {
      const body = at % 2 === 0 ? marker : "another";
      world.issues.push(
        newIssue(world.hub.state, { title: "x", body, user: at % 2 === 0 ? ada : actionsBot, labels: ["drift"] }),
      );
    }
    expect(await world.tell(drifted)).toMatchObject({ kind: "unchanged", url: expect.stringContaining("/issues/1") });
    expect(await world.tell(await comparedAs("stable"))).toMatchObject({ kind: "closed" });
    expect(world.issues.filter(({ state }) => state === "closed").map(({ number }) => number)).toEqual([1]);
  });

  test("is opened once, also where the answer to it was lost", async ({ expect }) => {
    await using world = await createIssues();
    world.hub.fail({ operation: "issues/create", as: { kind: "forget" } });
    expect(await world.tell(await comparedAs("drifted"))).toMatchObject({ kind: "opened" });
    expect(world.issues).toHaveLength(1);
  });

  test("that the token may not open is told", async ({ expect }) => {
    await using world = await createIssues();
    expect(await world.tell(await comparedAs("drifted"), { issues: "read" })).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("no issue was opened"),
    });
  });

  test("that the token may not look for is told without a word of opening where there is one to close", async ({
    expect,
  }) => {
    await using world = await createIssues();
    const told = await world.tell(await comparedAs("stable"), { contents: "read" });
    expect(told).toMatchObject({ kind: "refused", reason: expect.stringContaining("its issues can't be read") });
    expect(JSON.stringify(told)).not.toContain("opened");
  });
});
