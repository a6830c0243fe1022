import { expect, test } from "vitest";
import { createCodeHistory } from "#actions/gitops/code-history.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

test("commits are newer, older, the same, diverged or unknown", async () => {
  await using checkout = await createCheckout();
  const one = await checkout.commit("one");
  const two = await checkout.commit("two");
  await checkout.git("checkout", "--quiet", "-b", "side", one);
  const side = await checkout.commit("side");
  const { relation } = createCodeHistory(checkout.path);
  expect(await relation(two, one)).toBe("newer");
  expect(await relation(one, two)).toBe("older");
  expect(await relation(one, one)).toBe("same");
  expect(await relation(side, two)).toBe("diverged");
  expect(await relation(two, "f".repeat(40))).toBe("unknown");
  expect(await relation(undefined, two)).toBe("unknown");
  expect(await relation(two, undefined)).toBe("unknown");
  expect(await relation("--all", two)).toBe("unknown");
});

test("a commit is told as its author wrote it, its repository without credentials", async () => {
  await using checkout = await createCheckout();
  const subject = `Subject with $\{{ github.token }} \`x\``;
  const message = `${subject}\n\nBody: 1\n\nModel-Digest: sha256:forged`;
  const sha = await checkout.commit(message);
  await checkout.git("remote", "add", "origin", "https://user:secret@git.example.com/owner/models.git");
  expect(await createCodeHistory(checkout.path).commit(sha)).toEqual({
    sha,
    author: "Ada Lovelace",
    email: "ada@example.com",
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/),
    subject,
    body: "Body: 1\n\nModel-Digest: sha256:forged",
    repositoryUrl: "https://git.example.com/owner/models.git",
  });
});

test("a folder that is no checkout knows no commit", async () => {
  await using folder = await temporaryFolder();
  const history = createCodeHistory(folder.path);
  expect(await history.commit("a".repeat(40))).toBeUndefined();
  expect(await history.relation("a".repeat(40), "b".repeat(40))).toBe("unknown");
});
