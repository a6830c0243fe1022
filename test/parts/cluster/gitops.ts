import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { createArgocd } from "#actions/gitops/argocd.ts";
import { createCodeHistory } from "#actions/gitops/code-history.ts";
import { createFileHistory } from "#actions/gitops/file-history.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { adminPassword } from "./argocd.ts";
import { kubectl } from "./kubectl.ts";
import { argocdUrl, gitUrl, repositories } from "./place.ts";

const root = resolve(import.meta.dirname, "../../..");
const applicationsMs = 300_000;

/** A GitOps repository of this checkout's manifests that the cluster's Argo CD follows. */
export async function followGitops(options: FollowOptions = {}) {
  const folder = await temporaryFolder();
  const gitops = join(folder.path, "gitops");
  const committer = await openLocalRepository({ folder: gitops, root });
  const following = await follow(join(gitops, ".git"), options);
  return {
    ...following,
    folder: gitops,
    committer,
    files: createFileHistory(gitops),
    history: createCodeHistory(gitops),
    argocd: createArgocd({ url: argocdUrl, token: following.token }),
    async [Symbol.asyncDispose]() {
      await following[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

interface FollowOptions {
  name?: string; // of the repository, at the address that Argo CD knows
  retries?: number; // of a sync that fails; those of argocd/apps when absent
}

/** Lets the cluster's Argo CD follow a repository's branch main, by argocd/config and the Applications of argocd/apps. */
export async function follow(gitFolder: string, { name = "gitops-of-tests", retries }: FollowOptions = {}) {
  const link = join(repositories, `${name}.git`);
  await mkdir(dirname(link), { recursive: true });
  /** Lets Argo CD read another repository at the same address. */
  const serve = async (folder: string) => {
    await rm(link, { force: true });
    await symlink(folder, link);
  };
  await serve(gitFolder);
  await kubectl([
    "apply",
    "--namespace=argocd",
    "--server-side",
    "--force-conflicts",
    `--kustomize=${join(root, "argocd/config")}`,
  ]);
  await kubectl(["apply", "-f", "-"], await applications({ repository: `${gitUrl}/${name}.git`, retries }));
  await waitForApplications(["serving-dev-iris", "training-dev"]);
  return {
    token: await readingToken(),
    serve,
    async [Symbol.asyncDispose]() {
      await kubectl(["delete", "applicationsets,applications", "--all", "--namespace=argocd"]);
      await rm(link, { force: true });
    },
  };
}

/** ApplicationSets make their Applications once Argo CD has read the repository. */
async function waitForApplications(names: readonly string[]): Promise<void> {
  const deadline = Date.now() + applicationsMs;
  for (;;) {
    const found = await kubectl(["get", "applications", "--namespace=argocd", "--output=name"]);
    const missing = names.filter((wanted) => !found.includes(`/${wanted}\n`));
    if (missing.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Argo CD made no Application ${missing.join(", ")}`);
    await sleep(500);
  }
}

/** A session of Argo CD's administrator. */
export async function adminToken(): Promise<string> {
  return await tokenFrom("/api/v1/session", { username: "admin", password: await adminPassword() });
}

/** What the pipeline has: a token of the account slipway, which may look at applications and nothing else. */
async function readingToken(): Promise<string> {
  const admin = await adminToken();
  for (let tries = 0; ; tries++) {
    try {
      return await tokenFrom("/api/v1/account/slipway/token", { expiresIn: 0 }, admin);
    } catch (error) {
      if (tries === 50) throw error; // Argo CD takes a moment to see its new account
      await sleep(500);
    }
  }
}

/** What Argo CD's API answers to a GET. */
export async function askArgocd(path: string, token: string): Promise<unknown> {
  const response = await fetch(`${argocdUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

async function tokenFrom(path: string, body: object, admin?: string): Promise<string> {
  const response = await fetch(`${argocdUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(admin && { authorization: `Bearer ${admin}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return z.object({ token: z.string() }).parse(await response.json()).token;
}

/** argocd/apps as people apply it, with a repository of their own. */
async function applications({ repository, retries }: { repository: string; retries: number | undefined }) {
  await using folder = await temporaryFolder();
  await cp(join(root, "argocd/apps"), folder.path, { recursive: true });
  const path = join(folder.path, "kustomization.yaml");
  const source = await readFile(path, "utf8");
  const filled = source.replace("https://github.com/OWNER/REPOSITORY.git", repository);
  await writeFile(path, filled.replace("grafana=\n", "grafana=https://grafana.example.com\n"));
  const text = (await kustomizeText(folder.path)).replaceAll(/(requeueAfterSeconds:) \d+/g, "$1 5"); // no webhook tells it
  return retries === undefined ? text : text.replaceAll(/^( +limit:) \d+$/gm, `$1 ${retries}`);
}
