import { said } from "#actions/gitops/github-failure.ts";

/** Why GitHub did not do what was asked, in one line. */
export function refusal(error: unknown): string {
  const words = said(error);
  if (/rate limit/i.test(words)) return "GitHub limits the rate of calls; the limit was not over in time";
  if (/not accessible/i.test(words)) {
    return "the token may not do this: a fork's run, or the job lacks the permission";
  }
  return words;
}
