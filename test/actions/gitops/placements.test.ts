import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFileHistory } from "#actions/gitops/file-history.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { overlayPath, writeOverlay } from "#actions/gitops/overlay.ts";
import { placements } from "#actions/gitops/placements.ts";
import { formatTrailers } from "#actions/gitops/trailers.ts";
import { rollback } from "#actions/rollback/run.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { registered } from "#test/parts/release.ts";

const path = overlayPath("prod", "iris");

async function createHistory() {
  const checkout = await createCheckout();
  const file = () => readFile(join(checkout.path, path), "utf8");
  return {
    ...checkout,
    file,
    async place(version: number): Promise<string> {
      const { modelDigest, packageUri, contentHash, runId } = registered(version);
      const facts = { version: String(version), modelDigest, packageUri, contentHash, runId };
      await checkout.write(
        path,
        writeOverlay(await file(), { ...facts, image: { name: "iris", tag: `iris-${version}` } }),
      );
      return await checkout.commit(`Promote\n\n${formatTrailers({ model: "iris", version: String(version) })}`);
    },
  };
}

test("only commits that brought a release count, each once, newest first", async () => {
  await using history = await createHistory();
  const start = await history.commit("Start");
  const one = await history.place(1);
  await history.write(path, `# a note\n${await history.file()}`);
  await history.commit("Explain");
  const two = await history.place(2);
  const good = await history.file();
  for (const damage of ["images: [", good.replace(registered(2).modelDigest, "sha256:1")]) {
    await history.write(path, damage);
    await history.commit("Damage");
  }
  await history.write(path, good);
  await history.commit("Mend");
  const files = createFileHistory(history.path);
  const found: unknown[] = [];
  const at = await files.resolve("HEAD");
  for await (const { overlay, commit, trailers } of placements(files, { env: "prod", model: "iris", at }))
    found.push([overlay?.version, commit.sha, trailers.version]);
  expect(found).toEqual([
    ["2", two, "2"],
    ["1", one, "1"],
    [undefined, start, undefined],
  ]);
});

test("a rollback of an overlay that can't be read names it", async () => {
  await using checkout = await createCheckout();
  const folder = join(checkout.path, "gitops");
  const committer = await openLocalRepository({ folder, root: checkout.path });
  const text = await readFile(join(folder, path), "utf8");
  const { modelDigest, packageUri, contentHash, runId } = registered(1);
  const overlay = { modelDigest, packageUri, contentHash, runId, image: { name: "iris", tag: "iris-1" } };
  const texts = [
    writeOverlay(text, { ...overlay, version: "1" }),
    writeOverlay(text, { ...overlay, version: "2" }),
    "images: [",
  ];
  for (const file of texts) {
    const change = { expectedHead: await committer.head(), message: "By hand", files: { [path]: file } };
    expect((await committer.commit(change)).kind).toBe("committed");
  }
  const parts = { committer, files: createFileHistory(folder), registry: undefined };
  await expect(rollback({ env: "prod", model: "iris", reason: "bad" }, parts)).rejects.toThrow(
    /^manifests\/serving\/overlays\/prod\/iris\/kustomization\.yaml: not valid YAML/,
  );
});
