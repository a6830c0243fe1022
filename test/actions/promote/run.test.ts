import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createCodeHistory } from "#actions/gitops/code-history.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { overlayPath, readOverlay } from "#actions/gitops/overlay.ts";
import { parseTrailers } from "#actions/gitops/trailers.ts";
import type { Promotable } from "#actions/promote/consider.ts";
import { type PromoteParts, type PromoteResult, promote } from "#actions/promote/run.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { kustomizeBuild } from "#test/parts/kustomize.ts";
import { registered, sha256Of } from "#test/parts/release.ts";
import { Release } from "#training/release.ts";

/** A checkout with its GitOps repository, and promotions into it as separate runs make them. */
async function createRoad() {
  const checkout = await createCheckout();
  const folder = join(checkout.path, "outputs/dev/gitops");
  const open = () => openLocalRepository({ folder, root: checkout.path });
  return {
    checkout,
    folder,
    async promote(release: Promotable, change: Partial<PromoteParts> = {}): Promise<PromoteResult> {
      const history = createCodeHistory(checkout.path);
      const committer = await open();
      const [result] = await promote([release], {
        committer,
        history,
        order: "commit",
        server: () => sha256Of("5"),
        blocked: async () => undefined,
        ...change,
      });
      return result;
    },
    async inPlace(model = "iris") {
      const committer = await open();
      return readOverlay((await committer.read(await committer.head(), overlayPath("dev", model))) ?? "");
    },
    async git(...command: string[]) {
      return (await promisify(execFile)("git", command, { cwd: folder })).stdout.trim();
    },
    [Symbol.asyncDispose]: () => checkout[Symbol.asyncDispose](),
  };
}

describe("one promotion", () => {
  test("is one commit that tells where the model came from, and builds", async () => {
    await using road = await createRoad();
    const sha = await road.checkout.commit("Widen the layer\n\nIt was narrow.");
    const result = await road.promote(registered(1, sha));
    if (result.kind !== "promoted") throw new Error(result.reason);
    expect(Release.parse(result.release)).toMatchObject({
      state: "promoted",
      image: { name: "iris", tag: `iris-${"0".repeat(12)}-${"5".repeat(12)}` },
      commit: { branch: "main", repository: road.folder, sha: await road.git("rev-parse", "HEAD") },
    });
    expect(await road.git("diff", "--name-only", "HEAD~1", "HEAD")).toBe(overlayPath("dev", "iris"));
    expect(await road.git("log", "-1", "--format=%s")).toBe("Promote iris 1 to dev");
    expect(parseTrailers(await road.git("log", "-1", "--format=%B"))).toMatchObject({
      commit: { sha, author: "Ada Lovelace", subject: "Widen the layer", body: "It was narrow." },
      version: "1",
      runId: "run-1",
      modelDigest: registered(1).modelDigest,
    });
    expect(await kustomizeBuild(join(road.folder, "manifests/serving/overlays/dev/iris"))).toMatchObject({
      Deployment: { metadata: { annotations: { "slipway/model-version": "1", "slipway/git-sha": sha } } },
    });
  });

  test("of a built image carries its digest", async () => {
    await using road = await createRoad();
    const image = { name: "registry.example.com/iris", tag: "iris-1-2", digest: sha256Of("d") };
    const result = await road.promote({ ...registered(1), state: "built", image });
    expect(result).toMatchObject({ kind: "promoted", release: { image } });
    expect(await road.inPlace()).toMatchObject({ image });
    expect(parseTrailers(await road.git("log", "-1", "--format=%B")).imageDigest).toBe(sha256Of("d"));
  });

  test("of what is in place makes no commit, also under a new version", async () => {
    await using road = await createRoad();
    await road.promote(registered(1));
    const head = await road.git("rev-parse", "HEAD");
    expect(await road.promote(registered(1))).toMatchObject({ kind: "no-op" });
    expect(await road.promote({ ...registered(2), modelDigest: registered(1).modelDigest })).toMatchObject({
      kind: "no-op",
    });
    expect(await road.git("rev-parse", "HEAD")).toBe(head);
  });

  test("of the same model behind a changed server rolls it out", async () => {
    await using road = await createRoad();
    await road.promote(registered(1));
    expect(await road.promote(registered(1), { server: () => sha256Of("6") })).toMatchObject({ kind: "promoted" });
    expect((await road.inPlace())?.image.tag).toMatch(/-666666666666$/);
  });

  test("of a model without an overlay says what to write", async () => {
    await using road = await createRoad();
    await expect(road.promote({ ...registered(1), model: "other" })).rejects.toThrow(
      /overlays\/dev\/other\/kustomization\.yaml: is not in .*gitops; copy another model's overlay/,
    );
  });
});

describe("the manifest never moves back", () => {
  test("an older run that ends after a newer one is superseded", async () => {
    await using road = await createRoad();
    const older = await road.checkout.commit("older");
    const newer = await road.checkout.commit("newer");
    await road.promote(registered(1, newer)); // the newer code was registered first
    const head = await road.git("rev-parse", "HEAD");
    expect(await road.promote(registered(2, older))).toEqual({
      kind: "superseded",
      reason: expect.stringContaining(newer),
    });
    expect(await road.git("rev-parse", "HEAD")).toBe(head);
  });

  test("order: version asks the registry's numbers alone", async () => {
    await using road = await createRoad();
    const older = await road.checkout.commit("older");
    const newer = await road.checkout.commit("newer");
    await road.promote(registered(5, newer));
    expect(await road.promote(registered(4, newer), { order: "version" })).toMatchObject({ kind: "superseded" });
    expect(await road.promote(registered(6, older), { order: "version" })).toMatchObject({ kind: "promoted" });
  });

  test("a blocked version is refused with its reason", async () => {
    await using road = await createRoad();
    await road.promote(registered(2));
    const blocked = async ({ version }: { version: string }) => (version === "1" ? "wrong labels" : undefined);
    expect(await road.promote(registered(1), { blocked })).toEqual({
      kind: "refused",
      reason: expect.stringContaining("blocked: wrong labels"),
    });
    expect((await road.inPlace())?.version).toBe("2");
  });
});

test("20 promotions at once: each lands or is superseded, history is linear, nothing is lost", {
  timeout: 120_000,
}, async () => {
  await using road = await createRoad();
  const models = Array.from({ length: 10 }, (_, index) => `model-${index}`);
  const overlay = await readFile(join(road.checkout.path, overlayPath("dev", "iris")), "utf8");
  for (const model of models) await road.checkout.write(overlayPath("dev", model), overlay);
  const ofOneModel = Array.from({ length: 10 }, (_, index) => registered(index + 1));
  const ofOthers = models.map((model, index) => ({ ...registered(index + 11), model }));
  const results = await Promise.all([...ofOneModel, ...ofOthers].map((release) => road.promote(release)));

  const landed = results.flatMap((result) => (result.kind === "promoted" ? [result.release] : []));
  expect(results.filter(({ kind }) => kind !== "promoted" && kind !== "superseded")).toEqual([]);
  expect(landed.filter(({ model }) => model !== "iris")).toHaveLength(10);
  expect((await road.inPlace())?.version).toBe("10");
  const inPlace = await Promise.all(models.map((model) => road.inPlace(model)));
  expect(inPlace.map((champion) => champion?.version)).toEqual(ofOthers.map(({ version }) => version));

  const [start, ...log] = (await road.git("log", "--reverse", "--format=%H %P"))
    .split("\n")
    .map((line) => line.split(" "));
  expect(log.map(([, ...parents]) => parents)).toEqual([start, ...log].slice(0, -1).map((commit) => [commit?.[0]]));
  const versions = new Map(
    landed.map(({ commit, model, version }) => [commit.sha, { model, version: Number(version) }]),
  );
  expect(log.map(([sha = ""]) => versions.has(sha))).toEqual(landed.map(() => true));
  const irisInOrder = log.flatMap(([sha = ""]) =>
    versions.get(sha)?.model === "iris" ? [versions.get(sha)?.version] : [],
  );
  expect(irisInOrder).toEqual([...irisInOrder].sort((one = 0, other = 0) => one - other));
  expect(await road.git("status", "--porcelain")).toBe("");
});

test("what people type into commits, branches and remotes stays text", async () => {
  await using road = await createRoad();
  await road.checkout.git("checkout", "--quiet", "-b", `$\{{github.token}}\`touch-x\`;$(touch-y)`);
  const text = `$\{{ secrets.TOKEN }} ::set-output name=x::y @team \`touch x\`\n\n$(touch x)\r\nModel-Digest: sha256:forged\n\nModel-Digest: sha256:forged`;
  await road.checkout.git("remote", "add", "origin", "https://user:secret@git.example.com/o/r\nModel-Digest: x");
  const sha = await road.checkout.commit(text);
  const release = {
    ...registered(1, sha),
    packageUri: `s3://models/$\{{ x }}"'\nevil: true`,
    runId: "run\nModel-Digest: sha256:forged",
  };
  expect(await road.promote(release)).toMatchObject({ kind: "promoted" });
  const message = await road.git("log", "-1", "--format=%B");
  expect(message.match(/^Model-Digest: .*$/gm)).toEqual([`Model-Digest: ${release.modelDigest}`]);
  expect(message).not.toContain("secret@");
  expect(await road.git("log", "-1", "--format=%(trailers:key=Model-Digest,valueonly)")).toBe(release.modelDigest);
  expect(await road.inPlace()).toMatchObject({ packageUri: release.packageUri, runId: release.runId });
  expect(await road.checkout.git("status", "--porcelain")).not.toMatch(/touch|\bx$/m);
});
