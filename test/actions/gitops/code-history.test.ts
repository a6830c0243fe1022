import { expect, test } from "vitest";
import { createCodeHistory, firstKnown } from "#actions/gitops/code-history.ts";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { createGitHubRoad } from "#test/parts/github-road.ts";
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

test("a shallow checkout does not take what was cut off for diverged", async () => {
  await using checkout = await createCheckout();
  await using folder = await temporaryFolder();
  const one = await checkout.commit("one");
  await checkout.commit("two");
  const three = await checkout.commit("three");
  await checkout.git("clone", "--quiet", "--depth=1", `file://${checkout.path}`, `${folder.path}/shallow`);
  await checkout.git("-C", `${folder.path}/shallow`, "fetch", "--quiet", "--depth=1", "origin", one);
  expect(await createCodeHistory(`${folder.path}/shallow`).relation(three, one)).toBe("unknown");
  expect(await createCodeHistory(checkout.path).relation(three, one)).toBe("newer");
});

test("GitHub knows the same of the commits, and answers where the checkout does not", async () => {
  await using road = await createGitHubRoad();
  await using folder = await temporaryFolder();
  const { hub, start: one } = road;
  const two = await hub.push("main", { "a.txt": "a" }, { message: "Subject\n\nBody: 1\n\nSigned-off-by: x" });
  const side = await hub.push("side", { "b.txt": "b" }, { from: one });
  const known = createGitHubCodeHistory({ github: road.client(), repository: road.repository });
  for (const history of [known, firstKnown([createCodeHistory(folder.path), known])]) {
    expect(await history.relation(two, one)).toBe("newer");
    expect(await history.relation(one, two)).toBe("older");
    expect(await history.relation(one, one)).toBe("same");
    expect(await history.relation(side, two)).toBe("diverged");
    expect(await history.relation(two, "f".repeat(40))).toBe("unknown");
    expect(await history.relation(undefined, two)).toBe("unknown");
    expect(await history.relation("main", two)).toBe("unknown");
    expect(await history.commit(two)).toEqual({
      sha: two,
      author: "Ada Lovelace",
      email: "ada@example.com",
      date: expect.stringMatching(/^\d{4}-/),
      subject: "Subject",
      body: "Body: 1\n\nSigned-off-by: x",
      repositoryUrl: `${hub.serverUrl}/${road.repository}`,
    });
    expect(await history.commit("f".repeat(40))).toBeUndefined();
    expect(await history.commit("main")).toBeUndefined();
  }
});
