/**
 * The environment for git programs: without the variables by which a caller that is itself run by git (a hook, a
 * rebase) would point them at another repository.
 */
export function gitEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
}
