import { setTimeout as sleep } from "node:timers/promises";
import { mayBeDone, Repository } from "#actions/gitops/github-failure.ts";
import type { GitHub } from "#actions/io/github.ts";
import { ownLogin } from "#actions/io/own-login.ts";
import { refusal } from "./refusal.ts";

/** What every comment of ours begins with; readers do not see it. */
export const marker = "<!-- slipway: report -->";

/** How commenting ended. `none` is no failure: the report is in the run's summary too. */
export type CommentResult =
  | { kind: "created" | "updated" | "unchanged"; url: string }
  | { kind: "none"; reason: string };

export interface CommentTarget {
  github: GitHub;
  repository: string; // owner/name
  pullRequest: number;
}

type Comment = { id: number; body: string; url: string };

const tries = 3;

/**
 * Makes `body` the one comment that this token's account keeps on the pull request: updates the one there is, leaves an equal one
 * untouched. Where `mayCreate` is false it only updates. Throws nothing.
 */
export async function comment(target: CommentTarget, body: string, mayCreate = true): Promise<CommentResult> {
  try {
    const author = await ownLogin(target.github);
    for (let attempt = 1; ; attempt++) {
      const [first, ...doubles] = await findOwn(target, author);
      if (first) {
        for (const { id } of doubles)
          await target.github.rest.issues.deleteComment({ ...place(target), comment_id: id });
        return await update(target, first, body);
      }
      if (!mayCreate) return { kind: "none", reason: "there is no comment yet, and nothing to tell" };
      try {
        return await create(target, body);
      } catch (error) {
        if (attempt === tries || !mayBeDone(error)) throw error;
        await sleep(attempt * 1000);
      }
    }
  } catch (error) {
    return { kind: "none", reason: refusal(error) };
  }
}

/** Oldest first. There are several only where a run was cancelled while it created one. */
async function findOwn(target: CommentTarget, author: string): Promise<Comment[]> {
  const { github, pullRequest } = target;
  const list = { ...place(target), issue_number: pullRequest, per_page: 100 };
  const comments = await github.paginate(github.rest.issues.listComments, list);
  return comments
    .filter(({ user, body }) => user?.login === author && body?.startsWith(marker))
    .map(({ id, body = "", html_url: url }) => ({ id, body, url }));
}

async function update(target: CommentTarget, { id, body: old, url }: Comment, body: string): Promise<CommentResult> {
  if (old.replaceAll("\r\n", "\n").trim() === body.trim()) return { kind: "unchanged", url };
  await target.github.rest.issues.updateComment({ ...place(target), comment_id: id, body });
  return { kind: "updated", url };
}

async function create(target: CommentTarget, body: string): Promise<CommentResult> {
  // not retried blindly: one that was made although its answer was lost would be made twice
  const request = { retries: 0 };
  const made = { ...place(target), issue_number: target.pullRequest, body, request };
  const { data } = await target.github.rest.issues.createComment(made);
  return { kind: "created", url: data.html_url };
}

function place({ repository }: CommentTarget): { owner: string; repo: string } {
  return Repository.parse(repository);
}
