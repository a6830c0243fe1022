import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { createFileHistory, type FileChange } from "#actions/gitops/file-history.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

async function collected(changes: AsyncIterable<FileChange>): Promise<FileChange[]> {
  const all: FileChange[] = [];
  for await (const change of changes) all.push(change);
  return all;
}

test("a file's commits are told newest first; of a merge it is the merge", async () => {
  await using checkout = await createCheckout();
  await checkout.write("manifests/a [b].yaml", "a: 1\n");
  const one = await checkout.commit("One\n\nModel-Version: 1\n\n\nLast line");
  await checkout.git("checkout", "--quiet", "-b", "side");
  await checkout.write("manifests/a [b].yaml", "a: 2\n");
  await checkout.commit("Two, only proposed");
  await checkout.write("manifests/a [b].yaml", "a: 3\n");
  await checkout.commit("Three");
  await checkout.git("checkout", "--quiet", "main");
  await checkout.commit("Something else");
  await checkout.git("merge", "--quiet", "--no-ff", "-m", "Merge", "side");
  const history = createFileHistory(`${checkout.path}/manifests`);
  const head = await history.resolve("main");
  const changes = await collected(history.changes(head, "manifests/a [b].yaml"));
  expect(changes.map(({ message }) => message)).toEqual(["Merge\n\nThree", "One\n\nModel-Version: 1\n\n\nLast line"]);
  expect(changes[1]).toMatchObject({ sha: one, by: "Ada Lovelace", date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
  expect(await history.read(head, "manifests/a [b].yaml")).toBe("a: 3\n");
  expect(await history.read(one, "manifests/none.yaml")).toBeUndefined();
  expect(await history.list(one, "manifests/none")).toEqual([]);
  expect(await history.list(one, "manifests")).toContain("manifests/a [b].yaml");
});

test("the newest commit at a moment", async () => {
  await using checkout = await createCheckout();
  const one = await checkout.commit("one", "2026-10-01T10:00:00Z");
  await checkout.commit("two", "2026-10-02T10:00:00+02:00");
  const history = createFileHistory(checkout.path);
  const head = await history.resolve("HEAD");
  expect(await history.at(head, new Date("2026-10-02T07:59:59Z"))).toBe(one);
  expect(await history.at(head, new Date("2026-10-02T08:00:00Z"))).toBe(head);
  expect(await history.at(head, new Date("2026-09-30T00:00:00Z"))).toBeUndefined();
});

test("no repository, no such commit and half a history are told", async () => {
  await using checkout = await createCheckout();
  await using folder = await temporaryFolder();
  await checkout.commit("one");
  await checkout.commit("two");
  await expect(createFileHistory(folder.path).resolve("HEAD")).rejects.toThrow(/is no git repository/);
  await expect(createFileHistory(checkout.path).resolve("release")).rejects.toThrow(/there is no commit release/);
  await rm(folder.path, { recursive: true });
  await checkout.git("clone", "--quiet", "--depth=1", `file://${checkout.path}`, folder.path);
  await expect(createFileHistory(folder.path).resolve("HEAD")).rejects.toThrow(/git fetch --unshallow/);
});
