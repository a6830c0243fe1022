import { setTimeout as sleep } from "node:timers/promises";
import { Repository, said, statusOf } from "#actions/gitops/github-failure.ts";
import type { GitHub } from "#actions/io/github.ts";

/** Where issues are opened. */
export interface Issues {
  github: GitHub;
  repository: string; // owner/name
}

export interface IssueText {
  marker: string; // a comment in the body that no other issue has
  title: string;
  body: string; // markdown
}

/** GitHub opens no issue: they are switched off, the token may not, or it gives no answer. */
export class IssueError extends Error {
  override name = "IssueError";
}

const tries = 3;

/**
 * The URL of the issue with this marker, opened unless it is there: looked for before and after a call whose answer was lost, so
 * that there is never a second one. `since`: the issue is not older. Throws an `IssueError`.
 */
export async function openIssueOnce({ github, repository }: Issues, text: IssueText, since: string): Promise<string> {
  const place = Repository.parse(repository);
  const body = `${text.body}\n\n${text.marker}\n`;
  for (let attempt = 1; ; attempt++) {
    const found = await find();
    if (found) return found;
    try {
      const request = { retries: 0 }; // a repeated call could open a second one
      return (await github.rest.issues.create({ ...place, title: text.title, body, request })).data.html_url;
    } catch (error) {
      const isLost = (statusOf(error) ?? 0) >= 500;
      if (!isLost || attempt === tries)
        throw new IssueError(`${repository}: no issue was opened: ${said(error)}`, { cause: error });
      await sleep(Math.random() * 1_000 * attempt);
    }
  }

  async function find(): Promise<string | undefined> {
    const all = { ...place, state: "all" as const, since, sort: "created" as const, per_page: 100 };
    try {
      for await (const { data } of github.paginate.iterator(github.rest.issues.listForRepo, all)) {
        const found = data.find((issue) => issue.body?.includes(text.marker));
        if (found) return found.html_url;
      }
      return undefined;
    } catch (error) {
      throw new IssueError(`${repository}: no issue was opened, the others can't be read: ${said(error)}`, {
        cause: error,
      });
    }
  }
}
