/** The variables that the runner gives an action: `INPUT_*`, `GITHUB_*`, and the job's own. */
export function runnerVariables(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
