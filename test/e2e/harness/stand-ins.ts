import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";

const programs = resolve(import.meta.dirname, "../stand-ins");
const githubToken = { default: ["$", "{{ github.token }}"].join("") };

/** Actions of others that the workflows use: the program here that stands in for each, and inputs that have defaults there. */
const catalog: Record<string, { program: string; inputs?: Record<string, { default: string }> }> = {
  "actions/attest": { program: "attest.ts" },
  "actions/cache": { program: "cache.ts" },
  "actions/checkout": { program: "checkout.ts", inputs: { token: githubToken } },
  "actions/create-github-app-token": { program: "app-token.ts" },
  "actions/download-artifact": { program: "download-artifact.ts" },
  "actions/setup-node": { program: "setup-node.ts" },
  "actions/upload-artifact": { program: "upload-artifact.ts" },
  "docker/build-push-action": { program: "build-push.ts" },
  "docker/login-action": { program: "login.ts" },
  "docker/setup-buildx-action": { program: "nothing.ts" },
};

export interface StandInOptions {
  readonly checkout: string;
  readonly folder: string; // to write to
  readonly slipway: string | undefined; // what `owner/slipway@v1` is
}

/**
 * Writes an action for every `uses: OWNER/NAME@SHA` in the workflows and actions of `checkout` and of `slipway`, and returns
 * act's options that lead there. Throws where an action has no stand-in, or is not pinned by a SHA.
 */
export async function standInOptions({ checkout, folder, slipway }: StandInOptions): Promise<string[]> {
  const uses = new Set([...(await foreignUses(checkout)), ...(slipway ? await foreignUses(slipway) : [])]);
  const options = slipway ? ["--local-repository", `owner/slipway@v1=${slipway}`] : [];
  for (const use of uses) {
    const [name = "", sha = ""] = use.split("@");
    const standIn = catalog[name];
    if (!standIn) throw new Error(`no stand-in for ${use}: add one to test/e2e/stand-ins`);
    if (!/^[0-9a-f]{40}$/.test(sha)) throw new Error(`${use} is not pinned by a commit`);
    const own = join(folder, name);
    await mkdir(own, { recursive: true });
    const action = { name, inputs: standIn.inputs ?? {}, runs: { using: "node24", main: "main.mjs" } };
    await writeFile(join(own, "action.yml"), stringify(action));
    await writeFile(
      join(own, "main.mjs"),
      `await import(${JSON.stringify(`file://${join(programs, standIn.program)}`)});\n`,
    );
    options.push("--local-repository", `${name}@${sha}=${own}`);
  }
  return options;
}

async function foreignUses(checkout: string): Promise<string[]> {
  const files = await readdir(checkout, { recursive: true });
  const meant = files.filter((file) =>
    /^(\.github\/workflows\/[^/]+\.yml|(\.github\/)?actions\/[^/]+\/action\.yml)$/.test(file),
  );
  const texts = await Promise.all(meant.map((file) => readFile(join(checkout, file), "utf8")));
  const found = texts.flatMap((text) => [...text.matchAll(/^\s*(?:- )?uses: ([\w.-]+\/[\w./-]+@\S+)/gm)]);
  return found.map(([, use]) => use ?? "").filter((use) => !use.startsWith("owner/slipway/"));
}
