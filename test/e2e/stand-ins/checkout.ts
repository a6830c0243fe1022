// actions/checkout: the real git, over HTTP with the job's token
import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { flag, inputsOf, setOutput, variable } from "./inputs.ts";

const inputs = inputsOf({
  repository: z.string().default(variable("GITHUB_REPOSITORY")),
  ref: z.string().optional(),
  path: z.string().default("."),
  token: z.string(),
  "fetch-depth": z.coerce.number().default(1),
  "persist-credentials": flag.default(true),
});
const workspace = variable("GITHUB_WORKSPACE");
const folder = resolve(workspace, inputs.path);
const isOwn = inputs.ref === undefined && inputs.repository === variable("GITHUB_REPOSITORY");
const wanted = isOwn ? variable("GITHUB_SHA") : (inputs.ref ?? "HEAD");
const credentials = Buffer.from(`x-access-token:${inputs.token}`).toString("base64");
const header = `AUTHORIZATION: basic ${credentials}`;

await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
await git("init", "--quiet");
await git("remote", "add", "origin", `${variable("GITHUB_SERVER_URL")}/${inputs.repository}.git`);
const depth = inputs["fetch-depth"] > 0 ? [`--depth=${inputs["fetch-depth"]}`] : [];
const all = inputs["fetch-depth"] === 0 ? ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] : [];
await git(
  "-c",
  `http.extraheader=${header}`,
  "fetch",
  "--quiet",
  "--no-tags",
  ...depth,
  "origin",
  ...all,
  `+${wanted}:refs/remotes/origin/checked-out`,
);
await git("checkout", "--quiet", "--detach", "refs/remotes/origin/checked-out");
if (inputs["persist-credentials"]) await git("config", "http.extraheader", header);
await setOutput("commit", await git("rev-parse", "HEAD"));
await setOutput("ref", inputs.ref ?? variable("GITHUB_REF"));

async function git(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { cwd: folder });
  return stdout.trim();
}
