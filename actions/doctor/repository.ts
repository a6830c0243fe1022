import type { GitHub } from "#actions/io/github.ts";
import { ask } from "./ask.ts";

/** A repository on GitHub, and who asks. */
export interface RepositoryPlace {
  github: GitHub;
  owner: string;
  repo: string;
}

/** What a run of the pipeline in an environment finds; `undefined` where this token can't see it. */
export interface Settings {
  /** Variables of the repository, with those of `ENV-build` over them. */
  variables: Readonly<Record<string, string>> | undefined;
  /** Names of secrets that jobs of `ENV-build` get. */
  buildSecrets: ReadonlySet<string> | undefined;
  /** Names of secrets that the job gets that promotes. */
  releaseSecrets: ReadonlySet<string> | undefined;
}

/** Reads variables and the names of secrets, as far as the token goes. */
export async function readSettings({ github, owner, repo }: RepositoryPlace, env: string): Promise<Settings> {
  const { actions } = github.rest;
  const place = { owner, repo, per_page: 30 };
  const build = { ...place, environment_name: `${env}-build` };
  const release = { ...place, environment_name: env };
  const variables = await ask(github.paginate(actions.listRepoVariables, place));
  const secrets = await ask(github.paginate(actions.listRepoSecrets, place));
  // an environment that is not there yet has none
  const buildVariables = await ask(github.paginate(actions.listEnvironmentVariables, build));
  const buildSecrets = await ask(github.paginate(actions.listEnvironmentSecrets, build));
  const releaseSecrets = await ask(github.paginate(actions.listEnvironmentSecrets, release));
  const names = (own: typeof buildSecrets) => secrets && new Set([...secrets, ...(own ?? [])].map(({ name }) => name));
  return {
    variables: variables && valuesOf([...variables, ...(buildVariables ?? [])]),
    buildSecrets: names(buildSecrets),
    releaseSecrets: names(releaseSecrets),
  };
}

function valuesOf(variables: readonly { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}
