import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { type Overlay, overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import { createCheckout } from "#test/parts/checkout.ts";

const hex = (character: string) => `sha256:${character.repeat(64)}`;
const overlay: Overlay = {
  version: "3",
  modelDigest: hex("a"),
  packageUri: "./outputs/dev/models/iris",
  contentHash: hex("c"),
  runId: "run",
  image: { name: "iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb" },
};
const path = overlayPath("dev", "iris");
const basePath = "manifests/serving/base/deployment.yaml";

/** Opens the repository of a checkout as a run on this machine does. */
async function open(checkout: { path: string }) {
  const folder = join(checkout.path, "outputs/dev/gitops");
  const committer = await openLocalRepository({ folder, root: checkout.path });
  const git = async (...command: string[]) =>
    (await promisify(execFile)("git", command, { cwd: folder })).stdout.trim();
  return { folder, committer, git };
}

async function promoteInto({ committer }: Awaited<ReturnType<typeof open>>, facts = overlay) {
  const expectedHead = await committer.head();
  const source = (await committer.read(expectedHead, path)) ?? "";
  return await committer.commit({ expectedHead, message: "Promote", files: { [path]: writeOverlay(source, facts) } });
}

describe("first use", () => {
  test("the repository starts with the checkout's manifests, committed or not, and leaves the checkout alone", async () => {
    await using checkout = await createCheckout();
    await checkout.write("manifests/extra.bin", "\u0000\u0001");
    const before = await checkout.git("status", "--porcelain", "--untracked-files=all");
    const { committer, git, folder } = await open(checkout);
    expect(await git("log", "--format=%s %an")).toBe("Start from the checkout's manifests Slipway");
    expect(await git("status", "--porcelain")).toBe("");
    expect(await readFile(join(folder, basePath), "utf8")).toBe(await readFile(join(checkout.path, basePath), "utf8"));
    expect(await committer.read(await committer.head(), "manifests/extra.bin")).toBe("\u0000\u0001");
    expect(await committer.read(await committer.head(), "manifests/absent.yaml")).toBeUndefined();
    await rm(join(checkout.path, "outputs"), { recursive: true });
    expect(await checkout.git("status", "--porcelain", "--untracked-files=all")).toBe(before);
    await expect(checkout.git("rev-parse", "HEAD")).rejects.toThrow();
  });

  test("eight runs that open it at once get one repository", async () => {
    await using checkout = await createCheckout();
    const opened = await Promise.all(Array.from({ length: 8 }, () => open(checkout)));
    const heads = await Promise.all(opened.map(({ committer }) => committer.head()));
    expect(new Set(heads).size).toBe(1);
    expect(await opened[0]?.git("rev-list", "--count", "HEAD")).toBe("1");
  });

  test("nobody's git configuration, hooks or environment takes part", async () => {
    await using checkout = await createCheckout();
    const home = join(checkout.path, "home");
    await mkdir(join(home, "hooks"), { recursive: true });
    await writeFile(join(home, "hooks/reference-transaction"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    await writeFile(
      join(home, ".gitconfig"),
      `[core]\n  hooksPath = ${home}/hooks\n  autocrlf = true\n[commit]\n  gpgSign = true\n[user]\n  useConfigOnly = true\n`,
    );
    await checkout.write("manifests/crlf.yaml", "a: 1\r\n");
    for (const [name, value] of [
      ["HOME", home],
      ["GIT_DIR", "/nowhere"],
      ["GIT_INDEX_FILE", "/nowhere/index"],
    ] as const) {
      vi.stubEnv(name, value);
    }
    try {
      const { committer } = await open(checkout);
      expect(await committer.read(await committer.head(), "manifests/crlf.yaml")).toBe("a: 1\r\n");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("what was promoted elsewhere is not of this machine", async () => {
    await using checkout = await createCheckout();
    await checkout.write(path, writeOverlay(await readFile(join(checkout.path, path), "utf8"), overlay));
    const { committer } = await open(checkout);
    expect(readOverlay((await committer.read(await committer.head(), path)) ?? "")).toBeUndefined();
  });

  test("a folder of something else in its place is named", async () => {
    await using checkout = await createCheckout();
    await checkout.write("outputs/dev/gitops/notes.txt", "mine");
    await expect(open(checkout)).rejects.toThrow(/outputs\/dev\/gitops: something else is there; move it away/);
    await expect(
      openLocalRepository({ folder: join(checkout.path, "x"), root: join(checkout.path, "home") }),
    ).rejects.toThrow(/no folder manifests/);
  });
});

describe("commits", () => {
  test("a stale head writes nothing", async () => {
    await using checkout = await createCheckout();
    const repository = await open(checkout);
    const { committer } = repository;
    const expectedHead = await committer.head();
    await promoteInto(repository);
    const late = await committer.commit({ expectedHead, message: "Late", files: { "manifests/late.yaml": "a: 1\n" } });
    expect(late).toEqual({ kind: "stale", reason: expect.stringMatching(/expected/) });
    expect(await committer.read(await committer.head(), "manifests/late.yaml")).toBeUndefined();
  });

  test("the work tree follows, but never over someone's own changes", async () => {
    await using checkout = await createCheckout();
    const repository = await open(checkout);
    await promoteInto(repository);
    expect(readOverlay(await readFile(join(repository.folder, path), "utf8"))).toEqual(overlay);
    await writeFile(join(repository.folder, path), "# mine\n");
    await promoteInto(repository, { ...overlay, version: "4" });
    expect(await readFile(join(repository.folder, path), "utf8")).toBe("# mine\n");
    await repository.git("checkout", "--quiet", "HEAD", "--", ".");
    expect(readOverlay(await readFile(join(repository.folder, path), "utf8"))?.version).toBe("4");
  });

  test("files are deleted, and their modes and neighbours stay", async () => {
    await using checkout = await createCheckout();
    const { committer, git } = await open(checkout);
    await committer.commit({
      expectedHead: await committer.head(),
      message: "Add jobs",
      files: { "manifests/jobs/a b'\"$(x).yaml": "a: ä\n", "manifests/jobs/-x.yaml": "b: 1\n" },
    });
    await committer.commit({
      expectedHead: await committer.head(),
      message: "Remove",
      files: { "manifests/jobs/-x.yaml": undefined },
    });
    expect(await git("ls-tree", "-z", "--name-only", "HEAD", "manifests/jobs/")).toBe(
      "manifests/jobs/a b'\"$(x).yaml\0",
    );
  });
});

describe("a checkout that changed later", () => {
  test("its new base arrives with what was promoted here, in one commit; nothing changes without a change", async () => {
    await using checkout = await createCheckout();
    await promoteInto(await open(checkout));
    await checkout.write(basePath, `${await readFile(join(checkout.path, basePath), "utf8")}# changed\n`);
    await checkout.write(path, `# changed\n${await readFile(join(checkout.path, path), "utf8")}`);
    await checkout.write("manifests/serving/new.yaml", "a: 1\n");
    const { committer, git } = await open(checkout);
    const head = await committer.head();
    const source = (await committer.read(head, path)) ?? "";
    expect(source).toMatch(/^# changed\n/);
    expect(readOverlay(source)).toEqual(overlay);
    expect(await committer.read(head, basePath)).toMatch(/# changed\n$/);
    expect(await committer.read(head, "manifests/serving/new.yaml")).toBe("a: 1\n");
    expect(await git("log", "--format=%s")).toBe(
      "Take over the checkout's manifests\nPromote\nStart from the checkout's manifests",
    );
    expect(await (await open(checkout)).committer.head()).toBe(head);
    expect(await git("status", "--porcelain")).toBe("");
  });

  test("files that only this repository has stay; files that the checkout removed go", async () => {
    await using checkout = await createCheckout();
    await checkout.write("manifests/old.yaml", "a: 1\n");
    const { committer } = await open(checkout);
    await committer.commit({
      expectedHead: await committer.head(),
      message: "Job",
      files: { "manifests/jobs/train.yaml": "b: 1\n" },
    });
    await rm(join(checkout.path, "manifests/old.yaml"));
    const head = await (await open(checkout)).committer.head();
    expect(await committer.read(head, "manifests/old.yaml")).toBeUndefined();
    expect(await committer.read(head, "manifests/jobs/train.yaml")).toBe("b: 1\n");
  });

  test("the name of an image that was never pushed is the checkout's", async () => {
    await using checkout = await createCheckout();
    await promoteInto(await open(checkout));
    const text = await readFile(join(checkout.path, path), "utf8");
    await checkout.write(path, text.replace("newName: iris", "newName: team/iris"));
    const { committer } = await open(checkout);
    expect(readOverlay((await committer.read(await committer.head(), path)) ?? "")?.image.name).toBe("team/iris");
  });

  test("an overlay that can no longer carry what was promoted is named, and nothing changes", async () => {
    await using checkout = await createCheckout();
    const repository = await open(checkout);
    await promoteInto(repository);
    const head = await repository.committer.head();
    const text = await readFile(join(checkout.path, path), "utf8");
    await checkout.write(path, text.replace('  slipway/model-digest: ""\n', ""));
    await expect(open(checkout)).rejects.toThrow(
      /overlays\/dev\/iris\/kustomization\.yaml: .*slipway\/model-digest: no such value/,
    );
    expect(await repository.committer.head()).toBe(head);
  });

  test("eight runs that take it over at once make one commit", async () => {
    await using checkout = await createCheckout();
    await open(checkout);
    await cp(join(checkout.path, basePath), join(checkout.path, "manifests/copy.yaml"));
    await Promise.all(Array.from({ length: 8 }, () => open(checkout)));
    expect(await (await open(checkout)).git("rev-list", "--count", "HEAD")).toBe("2");
  });
});
