import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/** `owner/name`, as the parameters that GitHub's API takes. */
export const Repository = z
  .string()
  .regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name")
  .transform((text) => {
    const [owner = "", repo = ""] = text.split("/");
    return { owner, repo };
  });

/** What was asked of GitHub: it stands in the error. */
export interface Attempt {
  repository: string;
  branch: string;
  does: string; // such as "commit to"
}

const Refusal = z.object({
  status: z.int().optional(),
  message: z.string(),
  errors: z.array(z.object({ type: z.string().optional(), message: z.string() })).default([]),
});

const byRule =
  /rule violations|protected branch|must be made through|required status check|verified signatures|being restricted|force-push|BRANCH_PROTECTION|cannot (delete|update) this/i;
const byPermission = /not accessible by|must have (admin|push|write)|permission|not permitted|FORBIDDEN/i;

/** The HTTP status that GitHub answered with; `undefined` for GraphQL's errors, whose status is 200. */
export function statusOf(error: unknown): number | undefined {
  return Refusal.safeParse(error).data?.status;
}

/** Whether the work may have been done although no answer came: after a server error or a broken connection. */
export function mayBeDone(error: unknown): boolean {
  return (statusOf(error) ?? 0) >= 500;
}

/** Whether a commit was refused because the branch is elsewhere than it was. */
export function isStale(error: unknown): boolean {
  return /STALE_DATA|expected branch to point to/i.test(wordsOf(error));
}

/**
 * What to throw: a `BadInputError` for a refusal that trying again can't mend, with the rule that GitHub names and what to do;
 * else what GitHub said. For GitHub, a repository that a token may not see does not exist.
 */
export function explain(error: unknown, { repository, branch, does }: Attempt): unknown {
  const words = wordsOf(error);
  const status = statusOf(error);
  const says = said(error);
  const attempt = `${repository}: could not ${does} ${branch}`;
  const problem = (reason: string) => new BadInputError(`${attempt}: ${reason}`, { cause: error });
  if (status === 401) return problem(`GitHub does not know the token (${says}); give one that is valid`);
  if (byRule.test(words)) {
    return problem(
      `a rule of the repository keeps changes from it (${says}). Give the token of a GitHub App that the rule lets pass, or let promotions be proposed (promotion.mode: pull-request)`,
    );
  }
  if (byPermission.test(words)) {
    return problem(
      `the token may not (${says}). Give the job "permissions: contents: write" (and pull-requests: write for promotion.mode: pull-request), or the token of a GitHub App that is installed there; GITHUB_TOKEN reaches its own repository only`,
    );
  }
  if (status === 404 || /NOT_FOUND|could not resolve to/i.test(words)) {
    return problem(
      `there is no such repository or branch for this token (${says}). Look at promotion.repository and promotion.branch; another repository needs the token of a GitHub App that is installed there`,
    );
  }
  const isGitHubs = status !== undefined || (error instanceof Error && "errors" in error);
  return isGitHubs ? new Error(`${attempt}: ${says}`, { cause: error }) : error;
}

/** What GitHub said, in one line. */
export function said(error: unknown): string {
  const refusal = Refusal.safeParse(error).data;
  const messages = refusal?.errors.map(({ message }) => message) ?? [];
  const text = messages.length > 0 ? messages.join("; ") : (refusal?.message ?? String(error));
  if (/<html|<!doctype/i.test(text)) return `status ${refusal?.status}, with a web page instead of an answer`;
  return text.replace(/\s+/g, " ").trim().slice(0, 500);
}

function wordsOf(error: unknown): string {
  const refusal = Refusal.safeParse(error).data;
  return [refusal?.message, ...(refusal?.errors ?? []).flatMap(({ type, message }) => [type, message])].join(" ");
}
