import { setTimeout as sleep } from "node:timers/promises";
import type { GitHub } from "#actions/io/github.ts";
import { mayBeDone, Repository, said } from "./github-failure.ts";

/** Where issues are opened. */
export interface Issues {
  github: GitHub;
  repository: string; // owner/name
}

export interface IssueText {
  marker: string; // a comment in the body that no other issue has
  title: string;
  body: string; // markdown
  label?: string; // made where the repository has none of the name
}

/** Which issues to find. A label or a date spares reading all that a repository ever had. */
export interface Wanted extends Pick<IssueText, "marker" | "label"> {
  author?: string; // whoever else writes the marker into an issue of theirs changes nothing
  since?: string; // not older
}

/** An issue as it is now. */
export interface Issue {
  number: number;
  url: string;
  body: string;
  isOpen: boolean;
  reason: string | undefined; // why it is closed, in GitHub's words
}

/** GitHub opens no issue: they are switched off, the token may not, or it gives no answer. */
export class IssueError extends Error {
  override name = "IssueError";
}

const tries = 3;

/**
 * The URL of the issue that is wanted, opened unless it is there: looked for before and after a call whose answer was lost, so
 * that there is never a second one. Throws an `IssueError`.
 */
export async function openIssueOnce(
  issues: Issues,
  text: IssueText,
  more: Omit<Wanted, "marker"> = {},
): Promise<string> {
  const { title, label } = text;
  const labels = label === undefined ? {} : { labels: [label] };
  for (let attempt = 1; ; attempt++) {
    const [found] = await findIssues(issues, { ...more, ...text });
    if (found) return found.url;
    try {
      const request = { retries: 0 }; // a repeated call could open a second one
      const made = { ...Repository.parse(issues.repository), title, body: bodyOf(text), ...labels, request };
      return (await issues.github.rest.issues.create(made)).data.html_url;
    } catch (error) {
      if (!mayBeDone(error) || attempt === tries)
        throw new IssueError(`${issues.repository}: no issue was opened: ${said(error)}`, { cause: error });
      await sleep(Math.random() * 1_000 * attempt);
    }
  }
}

/** The issues that are wanted, the newest first. Throws an `IssueError`. */
export async function findIssues(
  { github, repository }: Issues,
  { marker, label, author, since }: Wanted,
): Promise<Issue[]> {
  const which = { ...(label !== undefined && { labels: label }), ...(since !== undefined && { since }) };
  const list = { ...Repository.parse(repository), ...which, state: "all" as const, sort: "created" as const };
  try {
    const all = await github.paginate(github.rest.issues.listForRepo, { ...list, per_page: 100 });
    return all
      .filter(({ body, user }) => body?.includes(marker) && (author === undefined || user?.login === author))
      .map(({ number, html_url: url, body, state, state_reason: reason }) => {
        return { number, url, body: body ?? "", isOpen: state === "open", reason: reason ?? undefined };
      });
  } catch (error) {
    throw new IssueError(`${repository}: its issues can't be read, so none was changed: ${said(error)}`, {
      cause: error,
    });
  }
}

/** The whole body of an issue: its text and, for nobody to see, its marker. */
export function bodyOf({ body, marker }: Pick<IssueText, "body" | "marker">): string {
  return `${body}\n\n${marker}\n`;
}
