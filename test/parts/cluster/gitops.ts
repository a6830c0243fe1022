import { cp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
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
const name = "gitops-of-tests.git";
const applicationsMs = 300_000;

/** A GitOps repository of this checkout's manifests that the cluster's Argo CD follows, by the Applications of argocd/apps. */
export async function followGitops() {
  const folder = await temporaryFolder();
  const gitops = join(folder.path, "gitops");
  const committer = await openLocalRepository({ folder: gitops, root });
  const link = join(repositories, name);
  await rm(link, { force: true });
  await symlink(join(gitops, ".git"), link);
  await kubectl([
    "apply",
    "--namespace=argocd",
    "--server-side",
    "--force-conflicts",
    `--kustomize=${join(root, "argocd/config")}`,
  ]);
  await kubectl(["apply", "-f", "-"], await applications(`${gitUrl}/${name}`));
  await waitForApplications(["serving-dev-iris", "training-dev"]);
  const token = await readingToken();
  return {
    folder: gitops,
    committer,
    files: createFileHistory(gitops),
    history: createCodeHistory(gitops),
    argocd: createArgocd({ url: argocdUrl, token }),
    token,
    async [Symbol.asyncDispose]() {
      await kubectl(["delete", "applicationsets,applications", "--all", "--namespace=argocd"]);
      await rm(link, { force: true });
      await folder[Symbol.asyncDispose]();
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
async function applications(repository: string): Promise<string> {
  await using folder = await temporaryFolder();
  await cp(join(root, "argocd/apps"), folder.path, { recursive: true });
  const path = join(folder.path, "kustomization.yaml");
  const source = await readFile(path, "utf8");
  const filled = source.replace("https://github.com/OWNER/REPOSITORY.git", repository);
  await writeFile(path, filled.replace("grafana=\n", "grafana=https://grafana.example.com\n"));
  return await kustomizeText(folder.path);
}
