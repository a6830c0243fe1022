import { getOctokit } from "@actions/github";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";

/** What GitHub's API is reached by: `rest`, `graphql`, `paginate`. */
export type GitHub = ReturnType<typeof createGitHub>;

export interface GitHubOptions {
  token: string;
  /** Told when GitHub asks to wait. */
  info: (line: string) => void;
  /** Where the API is; `GITHUB_API_URL` when absent. */
  apiUrl?: string;
}

type LimitedCall = { method: string; url: string; request: object };

const longestWaitSeconds = 600; // a job that waits longer costs more than its re-run
const retries = 3;

/**
 * A client of the GitHub that the runner belongs to (`GITHUB_API_URL`). Server errors and broken connections are retried;
 * where GitHub limits the rate, calls wait as long as it says.
 */
export function createGitHub({ token, info, apiUrl }: GitHubOptions) {
  const waits = (limit: string) => (seconds: number, call: LimitedCall) => {
    const goesOn = triesOf(call) < retries && seconds <= longestWaitSeconds;
    const then = goesOn ? "waiting" : "giving up, it asks for";
    info(`GitHub's ${limit} is reached at ${call.method} ${call.url}: ${then} ${seconds} s`);
    return goesOn;
  };
  const throttle = { onRateLimit: waits("rate limit"), onSecondaryRateLimit: waits("secondary rate limit") };
  const doNotRetry = [400, 401, 403, 404, 409, 410, 422, 429, 451]; // 403 and 429 are the throttling's
  const options = { throttle, retry: { doNotRetry, retries }, ...(apiUrl !== undefined && { baseUrl: apiUrl }) };
  return getOctokit(token, options, retry, throttling);
}

function triesOf({ request }: LimitedCall): number {
  return "retryCount" in request ? Number(request.retryCount) : 0;
}
