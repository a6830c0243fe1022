import { setTimeout as sleep } from "node:timers/promises";
import type { GitHub } from "#actions/io/github.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { Change, CommitResult, Committer } from "./committer.ts";
import { explain, isStale, Repository, said, statusOf } from "./github-failure.ts";

export interface GitHubBranch {
  github: GitHub;
  repository: string; // owner/name
  branch?: string | undefined; // the default branch when absent
}

interface CommitAnswer {
  createCommitOnBranch: { commit: { oid: string } };
}

const tries = 4; // of a call that gets no answer
const firstDelayMs = 1_000;
const mutation = `
  mutation ($input: CreateCommitOnBranchInput!) {
    createCommitOnBranch(input: $input) { commit { oid } }
  }`;

/**
 * A branch on GitHub. A commit is made by `createCommitOnBranch`: GitHub signs it, and refuses it where the branch has moved
 * past `expectedHead` (https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch). There is no other way
 * here to write, so no commit is ever forced or unsigned.
 *
 * Throws a `BadInputError` that names the branch, the rule and the remedy where a rule or a missing permission keeps the change
 * from it, or where there is no such repository or branch.
 */
export async function createGitHubCommitter({ github, repository, branch: named }: GitHubBranch): Promise<Committer> {
  const place = Repository.parse(repository);
  const branch = named ?? (await defaultBranch());

  async function defaultBranch(): Promise<string> {
    return (await asked("read the default branch of", "it", () => github.rest.repos.get(place))).data.default_branch;
  }

  async function head(): Promise<string> {
    const ref = () => github.rest.git.getRef({ ...place, ref: `heads/${branch}` });
    return (await asked("read", branch, ref)).data.object.sha;
  }

  async function read(commit: string, path: string): Promise<string | undefined> {
    try {
      const { data } = await github.rest.repos.getContent({ ...place, path, ref: commit });
      if (Array.isArray(data) || data.type !== "file" || !("content" in data)) return undefined;
      return textOf(Buffer.from(data.content, "base64"), path);
    } catch (error) {
      if (statusOf(error) === 404) return undefined; // the branch was found: it is the file that is not there
      throw explain(error, { repository, branch, does: `read ${path} of` });
    }
  }

  async function commit(change: Change): Promise<CommitResult> {
    const { expectedHead: expectedHeadOid, message, files } = change;
    const [headline = "", ...rest] = message.split("\n");
    const entries = Object.entries(files);
    const input = {
      branch: { repositoryNameWithOwner: repository, branchName: branch },
      expectedHeadOid,
      message: { headline, body: rest.join("\n").trim() },
      fileChanges: {
        additions: entries.flatMap(([path, text]) =>
          text === undefined ? [] : [{ path, contents: Buffer.from(text).toString("base64") }],
        ),
        deletions: entries.flatMap(([path, text]) => (text === undefined ? [{ path }] : [])),
      },
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await createCommit(input);
      } catch (error) {
        const explained = explain(error, { repository, branch, does: "commit to" });
        if (explained instanceof BadInputError && !isStale(error)) throw explained;
        if (isStale(error) && attempt === 1) return { kind: "stale", reason: said(error) };
        // Of a call without an answer nobody knows whether it was done; then it is this very commit that has moved the branch
        const now = await head();
        const sha = now === expectedHeadOid ? undefined : await landed(change, now);
        if (sha !== undefined) return { kind: "committed", sha };
        if (now !== expectedHeadOid || isStale(error)) return { kind: "stale", reason: said(error) };
        if (attempt === tries) throw explained;
        await sleep(Math.random() * firstDelayMs * 2 ** attempt);
      }
    }
  }

  async function createCommit(input: object): Promise<CommitResult> {
    const request = { retries: 0 }; // a repeated call would take its own commit for somebody else's
    const answer = await github.graphql<CommitAnswer>(mutation, { input, request });
    return { kind: "committed", sha: answer.createCommitOnBranch.commit.oid };
  }

  async function landed({ expectedHead, message, files }: Change, now: string): Promise<string | undefined> {
    const range = { ...place, basehead: `${expectedHead}...${now}` };
    const { data } = await github.rest.repos.compareCommitsWithBasehead(range).catch((error: unknown) => {
      if (statusOf(error) === 404) return { data: undefined }; // force-moved: nothing of it is there
      throw error;
    });
    const same = data?.commits.find(
      ({ parents, commit: about }) => parents[0]?.sha === expectedHead && about.message.trim() === message.trim(),
    );
    if (!same) return undefined;
    const found = await Promise.all(Object.keys(files).map((path) => read(same.sha, path)));
    return Object.values(files).every((text, index) => text === found[index]) ? same.sha : undefined;
  }

  async function asked<T>(does: string, what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw explain(error, { repository, branch: what, does });
    }
  }

  return { repository, branch, head, read, commit, inTurn: (work) => work() };
}

function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BadInputError(`${path}: is not valid UTF-8, and writing it back would change more than was asked`, {
      cause,
    });
  }
}
