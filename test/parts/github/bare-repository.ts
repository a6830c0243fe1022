import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/** Who made a commit and when; `date` as git takes it. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly date?: string;
}

export interface FileChanges {
  readonly additions: readonly { readonly path: string; readonly content: Buffer; readonly mode?: string }[];
  readonly deletions: readonly string[];
}

export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Required<Signature>;
  readonly committer: Required<Signature>;
  readonly message: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly sha: string;
  readonly size: number | undefined; // of blobs
  readonly path: string;
}

export type BareRepository = Awaited<ReturnType<typeof createBareRepository>>;

/** A bare git repository at `folder`, driven by the real git; `main` is its default branch. */
export async function createBareRepository(folder: string) {
  const git = (args: readonly string[], options: { input?: Buffer; env?: Record<string, string> } = {}) =>
    runGit(["-C", folder, ...args], options);
  const text = async (...args: string[]) => (await git(args)).toString("utf8").trim();
  await runGit(["init", "--quiet", "--bare", "--initial-branch=main", folder]);
  await text("config", "uploadpack.allowAnySHA1InWant", "true");
  await text("config", "uploadpack.allowFilter", "true");
  await text("config", "http.receivepack", "true");

  const resolve = async (expression: string): Promise<string | undefined> =>
    text("rev-parse", "--verify", "--quiet", "--end-of-options", expression).catch(() => undefined);

  return {
    folder,
    text,
    /** The object that an expression such as `main:path` names. */
    resolve,
    /** The commit that a branch, tag or SHA names. */
    async commitOf(ref: string): Promise<string | undefined> {
      return (await resolve(`refs/heads/${ref}^{commit}`)) ?? (await resolve(`${ref}^{commit}`));
    },
    async typeOf(sha: string): Promise<string> {
      return text("cat-file", "-t", sha);
    },
    async blob(sha: string): Promise<Buffer> {
      return git(["cat-file", "blob", sha]);
    },
    /** Names of the new objects, in the order of their contents, by one process. */
    async writeBlobs(contents: readonly Buffer[]): Promise<string[]> {
      const commands = contents.flatMap((content, index) => [
        `blob\nmark :${index + 1}\ndata ${content.length}\n`,
        content,
        `\nget-mark :${index + 1}\n`,
      ]);
      const input = Buffer.concat([...commands, "done\n"].map((piece) => Buffer.from(piece)));
      const names = (await git(["fast-import", "--quiet", "--done"], { input })).toString("utf8");
      return names.split("\n").filter(Boolean);
    },
    async tree(sha: string, { recursive = false } = {}): Promise<TreeEntry[]> {
      const lines = (await git(["ls-tree", "-z", "--long", ...(recursive ? ["-r", "-t"] : []), sha])).toString("utf8");
      return lines
        .split("\0")
        .filter(Boolean)
        .map((line) => {
          const [facts = "", path = ""] = line.split("\t");
          const [mode = "", type = "", object = "", size = ""] = facts.split(/ +/);
          return { mode, type: type as TreeEntry["type"], sha: object, size: Number(size) || undefined, path };
        });
    },
    /** A tree that is `base` with the changes. */
    async writeTree(base: string | undefined, { additions, deletions }: FileChanges): Promise<string> {
      const index = join(folder, `index-${randomUUID()}`);
      const env = { GIT_INDEX_FILE: index };
      try {
        if (base !== undefined) await git(["read-tree", base], { env });
        const lines = deletions.map((path) => `0 ${"0".repeat(40)}\t${path}\0`);
        const blobs = await this.writeBlobs(additions.map(({ content }) => content));
        for (const [index, { path, mode }] of additions.entries()) {
          lines.push(`${mode ?? "100644"} ${blobs[index]}\t${path}\0`);
        }
        await git(["update-index", "-z", "--index-info"], { env, input: Buffer.from(lines.join("")) });
        return (await git(["write-tree"], { env })).toString("utf8").trim();
      } finally {
        await rm(index, { force: true });
      }
    },
    async writeCommit(
      tree: string,
      options: { parents: readonly string[]; message: string; author: Signature; committer: Signature },
    ): Promise<string> {
      const { parents, message, author, committer } = options;
      const env = { ...identity("AUTHOR", author), ...identity("COMMITTER", committer) };
      const args = ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])];
      return (await git(args, { env, input: Buffer.from(message) })).toString("utf8").trim();
    },
    async commit(sha: string): Promise<CommitFacts> {
      const format = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"].join("%x00");
      const output = (await git(["log", "-1", `--format=${format}`, sha])).toString("utf8");
      const [id = "", tree = "", parents = "", an = "", ae = "", ad = "", cn = "", ce = "", cd = "", message = ""] =
        output.split("\0");
      return {
        sha: id,
        tree,
        parents: parents.split(" ").filter(Boolean),
        author: { name: an, email: ae, date: ad },
        committer: { name: cn, email: ce, date: cd },
        message: message.replace(/\n+$/, ""),
      };
    },
    /** Commits from `head` back, newest first, only those that touch `path` where one is given. */
    async history(head: string, { path, count = 100, skip = 0 }: { path?: string; count?: number; skip?: number }) {
      const paths = path ? ["--", path] : [];
      const lines = await text("rev-list", `--max-count=${count}`, `--skip=${skip}`, head, ...paths);
      return lines.split("\n").filter(Boolean);
    },
    async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
      return text("merge-base", "--is-ancestor", ancestor, descendant).then(
        () => true,
        () => false,
      );
    },
    /** Moves a ref only if it still is at `from` (undefined: does not exist); false when it is not. */
    async moveRef(ref: string, { from, to }: { from: string | undefined; to: string }): Promise<boolean> {
      return text("update-ref", ref, to, from ?? "0".repeat(40)).then(
        () => true,
        () => false,
      );
    },
    async deleteRef(ref: string): Promise<void> {
      await text("update-ref", "-d", ref);
    },
    async refs(prefix: string): Promise<{ ref: string; sha: string; type: string }[]> {
      const lines = await text("for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)", prefix);
      return lines
        .split("\n")
        .filter(Boolean)
        .map((line) => {
          const [ref = "", sha = "", type = ""] = line.split("\0");
          return { ref, sha, type };
        });
    },
    /** Files that differ between two commits, as `git diff` counts them. */
    async diff(base: string, head: string) {
      const names = await text("diff", "--no-renames", "--name-status", "-z", base, head);
      const counts = await text("diff", "--no-renames", "--numstat", "-z", base, head);
      const lines = new Map(
        counts.split("\0").map((line) => {
          const [added, removed, path] = line.split("\t");
          return [path, { additions: Number(added) || 0, deletions: Number(removed) || 0 }] as const;
        }),
      );
      const fields = names.split("\0").filter(Boolean);
      const files = [];
      for (let at = 0; at + 1 < fields.length; at += 2) {
        const [letter = "", filename = ""] = fields.slice(at, at + 2);
        const { additions = 0, deletions = 0 } = lines.get(filename) ?? {};
        files.push({ filename, status: statuses[letter] ?? "changed", additions, deletions });
      }
      return files;
    },
  };
}

const statuses: Record<string, string> = { A: "added", D: "removed", M: "modified", T: "changed" };

function identity(role: "AUTHOR" | "COMMITTER", { name, email, date }: Signature): Record<string, string> {
  return {
    [`GIT_${role}_NAME`]: name,
    [`GIT_${role}_EMAIL`]: email,
    ...(date ? { [`GIT_${role}_DATE`]: date } : {}),
  };
}

function runGit(
  args: readonly string[],
  { input, env }: { input?: Buffer; env?: Record<string, string> } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "buffer" as const, maxBuffer: 256 << 20, env: { ...process.env, ...env } };
    const child = execFile("git", [...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(" ")}: ${stderr.toString("utf8")}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}
