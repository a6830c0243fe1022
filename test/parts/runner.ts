import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

/** The files and variables that a runner gives a step, in a fresh folder; `variables` go into its environment. */
export async function createRunner() {
  const folder = await temporaryFolder();
  const files = {
    GITHUB_OUTPUT: join(folder.path, "output"),
    GITHUB_STEP_SUMMARY: join(folder.path, "summary.md"),
    GITHUB_EVENT_PATH: join(folder.path, "event.json"),
  };
  for (const path of Object.values(files)) await writeFile(path, "");
  return {
    path: folder.path,
    variables: {
      ...files,
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "octo/models",
      GITHUB_EVENT_NAME: "push",
      GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
      GITHUB_REF: "refs/heads/main",
      GITHUB_RUN_ID: "17",
      GITHUB_SERVER_URL: "https://github.example",
    },
    /** Variables of an action's inputs, as the runner names them. */
    inputs: (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    writeEvent: (payload: unknown) => writeFile(files.GITHUB_EVENT_PATH, JSON.stringify(payload)),
    /** The outputs set so far. */
    async outputs(): Promise<Record<string, string>> {
      const text = await readFile(files.GITHUB_OUTPUT, "utf8");
      const set = text.matchAll(/^(\S+?)<<(\S+)\n([\s\S]*?)\n\2$/gm);
      return Object.fromEntries([...set].map(([, name = "", , value = ""]) => [name, value]));
    },
    summary: () => readFile(files.GITHUB_STEP_SUMMARY, "utf8"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
