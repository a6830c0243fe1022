import { Repository, said } from "#actions/gitops/github-failure.ts";
import {
  bodyOf,
  findIssues,
  type Issue,
  IssueError,
  type Issues,
  type IssueText,
  openIssueOnce,
} from "#actions/gitops/issues.ts";
import { ownLogin } from "#actions/io/own-login.ts";

/** The issue about a model, and of which version. */
export interface DriftIssue extends IssueText {
  modelDigest: string; // stands in the body
}

/** What became of the issue. `none`: there is none to open or to close. */
export type IssueResult =
  | { kind: "opened" | "reopened" | "updated" | "unchanged" | "closed"; url: string }
  | { kind: "none"; reason: string };

type Changes = { body: string; state?: "open" | "closed"; state_reason?: "completed" };

/**
 * Makes `text` the one issue of this token's account about drift of a model: opens it, opens it again or updates it. One
 * that people have closed as not planned stays closed while the same version serves. Throws an `IssueError`.
 */
export async function keepIssue(issues: Issues, text: DriftIssue): Promise<IssueResult> {
  const author = await ownLogin(issues.github);
  const found = await findIssues(issues, { ...text, author });
  const kept = found.findLast(({ isOpen }) => isOpen) ?? found[0];
  if (!kept) return { kind: "opened", url: await openIssueOnce(issues, text, { author }) };
  const { url, isOpen } = kept;
  if (!isOpen && kept.reason === "not_planned" && kept.body.includes(text.modelDigest))
    return { kind: "none", reason: `people have closed ${url} as not planned, and the version is the same` };
  const body = bodyOf(text);
  if (isOpen && kept.body.replaceAll("\r\n", "\n").trim() === body.trim()) return { kind: "unchanged", url };
  await change(issues, kept, { body, ...(isOpen ? {} : { state: "open" }) });
  return { kind: isOpen ? "updated" : "reopened", url };
}

/** Closes the issue, if it is open, and says why: `text` is what its body becomes, `comment` what is added. Throws an `IssueError`. */
export async function closeIssue(issues: Issues, text: DriftIssue, comment: string): Promise<IssueResult> {
  const author = await ownLogin(issues.github);
  const open = (await findIssues(issues, { ...text, author })).filter(({ isOpen }) => isOpen);
  const [last] = open;
  if (!last) return { kind: "none", reason: "there is no open issue" };
  for (const issue of open)
    await change(issues, issue, { body: bodyOf(text), state: "closed", state_reason: "completed" });
  await asked(issues, (place) =>
    issues.github.rest.issues.createComment({ ...place, issue_number: last.number, body: comment }),
  );
  return { kind: "closed", url: last.url };
}

async function change(issues: Issues, { number }: Issue, changes: Changes): Promise<void> {
  await asked(issues, (place) => issues.github.rest.issues.update({ ...place, issue_number: number, ...changes }));
}

async function asked(
  { repository }: Issues,
  call: (place: { owner: string; repo: string }) => Promise<unknown>,
): Promise<void> {
  try {
    await call(Repository.parse(repository));
  } catch (error) {
    throw new IssueError(`${repository}: the issue about drift was not changed: ${said(error)}`, { cause: error });
  }
}
