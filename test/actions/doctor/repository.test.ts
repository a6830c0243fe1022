import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Finding } from "#actions/doctor/finding.ts";
import { examineRepository } from "#actions/doctor/run.ts";
import { createGitHub } from "#actions/io/github.ts";
import { configFolder } from "#test/config/config-folder.ts";
import { type GitHubHub, type GitHubOptions, startGitHub, type TokenPermissions } from "#test/parts/github/start.ts";

interface Scene extends GitHubOptions {
  permissions?: TokenPermissions;
  env?: string;
  files?: Record<string, string>; // of config/
  image?: string; // in the model's overlay
}

const tracked = "tracking: { uri: https://mlflow.example }\n";
const stored = `models: { uri: s3://models/dev }\n${tracked}`;
const variables = { AWS_REGION: "eu-central-1" };
const secrets = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const app = { SLIPWAY_APP_CLIENT_ID: "Iv1.1" };
const requiringChecks = {
  name: "main",
  branches: ["~DEFAULT_BRANCH"],
  rules: [{ type: "required_status_checks", contexts: ["slipway"] }],
} as const;
const requiringReviews = { name: "main", branches: ["main"], rules: [{ type: "pull_request" }] } as const;

/** What the doctor finds on such a GitHub, asked about a repository with such a token. */
async function findingsOf(
  hub: GitHubHub,
  { token = hub.token("admin"), repo = "models", env = "dev", files = {}, image = "ghcr.io/octo/tiny" } = {},
) {
  const overlay = `manifests/serving/overlays/${env}/tiny/kustomization.yaml`;
  await using root = await configFolder({ "dev.yaml": stored, ...files });
  await mkdir(join(root.path, dirname(overlay)), { recursive: true });
  await writeFile(join(root.path, overlay), `images:\n  - { name: serving, newName: ${image} }\n`);
  await hub.push("main", { "README.md": "models\n" });
  const github = createGitHub({ token, apiUrl: hub.apiUrl, info: () => undefined });
  const place = { root: root.path, env, set: [], variables: {} };
  return await examineRepository({ github, owner: "octo-org", repo }, place);
}

/** The same of a repository that is made for it, by what was looked at. */
async function examined({ permissions = "admin", env = "dev", files = {}, image, ...options }: Scene = {}) {
  await using hub = await startGitHub(options);
  const findings = await findingsOf(hub, { token: hub.token(permissions), env, files, ...(image && { image }) });
  return Object.fromEntries(findings.map((finding) => [finding.about, finding]));
}

const problems = (found: Record<string, Finding>) =>
  Object.values(found).flatMap(({ kind, about }) => (kind === "problem" ? [about] : []));

test("a repository that has everything has no problem, and nothing unknown", async () => {
  const environments = ["dev-build", "dev"].map((name) => ({ name, isRestricted: true, secrets }));
  await using hub = await startGitHub({ variables, environments, rulesets: [requiringChecks] });
  await hub.push("production", { "README.md": "promoted\n" });
  const files = { "dev.yaml": `${stored}promotion: { branch: production }\n` };
  const findings = await findingsOf(hub, { files });
  expect(findings.filter(({ kind }) => kind !== "ok")).toEqual([]);
  expect(findings.length).toBeGreaterThan(8);
});

describe("the token", () => {
  test("that GitHub does not know ends the look", async () => {
    await using hub = await startGitHub();
    expect(await findingsOf(hub, { token: "wrong" })).toMatchObject([
      { kind: "problem", reason: expect.stringContaining("401") },
    ]);
  });

  test("that sees no such repository ends it too", async () => {
    await using hub = await startGitHub();
    expect(await findingsOf(hub, { repo: "others" })).toMatchObject([
      { kind: "problem", reason: "the token sees no such repository (404)" },
    ]);
  });

  test("of a workflow sees little, and what it can't see is said to be unknown with what it takes", async () => {
    const found = await examined({ permissions: { contents: "read" }, variables, secrets });
    const unknown = Object.values(found).filter(({ kind }) => kind === "unknown");
    expect(unknown.map(({ about }) => about)).toEqual(expect.arrayContaining(["variables", "runners", "environments"]));
    for (const finding of unknown)
      expect(finding).toMatchObject({ remedy: expect.stringMatching(/^ask with a token|^look/) });
    expect(problems(found)).toEqual([]);
  });

  test("with actions: read sees the environments", async () => {
    const found = await examined({ permissions: { contents: "read", actions: "read" } });
    expect(found["environment dev"]).toMatchObject({ kind: "advice", reason: expect.stringContaining("is not there") });
  });
});

describe("settings", () => {
  test("models in a folder of the runner, MLflow on the runner itself, S3 without region and keys", async () => {
    const files = { "dev.yaml": "data: { root: s3://datasets }\n" };
    const found = await examined({ files });
    expect(problems(found)).toEqual(
      expect.arrayContaining(["where packages stay", "where runs are logged", "access to s3://"]),
    );
    expect(found["where packages stay"]).toMatchObject({ remedy: expect.stringContaining("SLIPWAY_SET") });
  });

  test("of the repository's variables count, those of the environment before them", async () => {
    const files = { "dev.yaml": "" };
    const found = await examined({
      files,
      variables: { SLIPWAY_SET: "models.uri=./folder", MLFLOW_TRACKING_URI: "https://mlflow.example", ...variables },
      environments: [{ name: "dev-build", variables: { SLIPWAY_SET: "models.uri=s3://models/dev" }, secrets }],
    });
    expect(found["where packages stay"]).toMatchObject({ kind: "ok", reason: "s3://models/dev" });
    expect(found["where runs are logged"]).toMatchObject({ kind: "ok", reason: "https://mlflow.example" });
    expect(found["access to s3://"]).toMatchObject({ kind: "ok" });
  });

  test("secrets that are missing on a runner of one's own may be that machine's role", async () => {
    const runners = [{ name: "big", labels: ["gpu"] }];
    const found = await examined({ variables: { ...variables, SLIPWAY_RUNNER: "gpu" }, runners });
    expect(found["access to s3://"]).toMatchObject({
      kind: "advice",
      reason: expect.stringContaining(secrets[0] ?? ""),
    });
  });
});

describe("runners", () => {
  const runner = "runner that trains and evaluates";
  test.each([
    ["of GitHub", {}, [], "ok"],
    ["online", { SLIPWAY_RUNNER: "gpu" }, [{ name: "big", labels: ["self-hosted", "gpu"] }], "ok"],
    ["offline", { SLIPWAY_RUNNER: "gpu" }, [{ name: "big", labels: ["gpu"], status: "offline" as const }], "problem"],
    ["that nobody is", { SLIPWAY_RUNNER: "gpu" }, [{ name: "big", labels: ["cpu"] }], "problem"],
  ])("%s", async (_, named, runners, kind) => {
    const found = await examined({ variables: { ...variables, ...named }, secrets, runners });
    expect(found[runner]).toMatchObject({ kind });
  });

  test("of GitHub have no GPU, where a model demands one", async () => {
    const found = await examined({ files: { "dev.yaml": `${stored}device: gpu\n` }, variables, secrets });
    expect(found[runner]).toMatchObject({ kind: "problem", remedy: expect.stringContaining("SLIPWAY_RUNNER") });
  });
});

describe("the image", () => {
  test.each([
    ["ghcr.io/octo/tiny", {}, "ok"],
    ["tiny", {}, "problem"],
    ["registry.example:5000/tiny", {}, "problem"],
    ["registry.example:5000/tiny", { SLIPWAY_REGISTRY: "registry.example:5000" }, "ok"],
    ["octo/tiny", { SLIPWAY_REGISTRY: "docker.io" }, "ok"],
  ])("%s, with %j: %s", async (image, named, kind) => {
    const found = await examined({ image, variables: { ...variables, ...named }, secrets });
    expect(found["image of tiny"]).toMatchObject({ kind });
  });
});

describe("environments", () => {
  test("that are open to every branch, or release to prod unseen, are advised on", async () => {
    const files = { "prod.yaml": stored };
    const environments = [{ name: "prod-build" }, { name: "prod", isRestricted: true }];
    const found = await examined({ env: "prod", files, environments });
    expect(found["environment prod-build"]).toMatchObject({
      kind: "advice",
      reason: expect.stringContaining("every branch"),
    });
    expect(found["environment prod"]).toMatchObject({
      kind: "advice",
      reason: expect.stringContaining("nobody's approval"),
    });
  });

  test("that are protected are well", async () => {
    const environments = [
      { name: "prod-build", isRestricted: true },
      { name: "prod", isRestricted: true, hasReviewers: true },
    ];
    const found = await examined({ env: "prod", files: { "prod.yaml": stored }, environments });
    expect(found["environment prod"]).toMatchObject({ kind: "ok" });
  });
});

describe("promotion", () => {
  const here = "promotion into octo-org/models";
  test("by commit is refused by a ruleset, which an App could pass", async () => {
    const found = await examined({ rulesets: [requiringReviews], variables, secrets });
    expect(found[here]).toMatchObject({
      kind: "problem",
      reason: "main's rules (pull_request) refuse GITHUB_TOKEN's commits",
      remedy: expect.stringMatching(/GitHub App.*bypass list.*promotion\.mode: pull-request/),
    });
  });

  test("by an App: its key must be there, and whether it may pass the ruleset can't be told", async () => {
    const rulesets = [requiringReviews];
    const without = await examined({ rulesets, secrets, variables: { ...variables, ...app } });
    expect(without["GitHub App"]).toMatchObject({ kind: "problem" });
    const environments = [{ name: "dev", secrets: ["SLIPWAY_APP_PRIVATE_KEY"] }];
    const found = await examined({ rulesets, secrets, environments, variables: { ...variables, ...app } });
    expect(found["GitHub App"]).toMatchObject({ kind: "ok" });
    expect(found[here]).toMatchObject({ kind: "unknown", remedy: expect.stringContaining("bypass list") });
  });

  test("past the older branch protection can't be told", async () => {
    const found = await examined({ protectedBranches: [{ branch: "main" }], variables, secrets });
    expect(found[here]).toMatchObject({ kind: "unknown", reason: expect.stringContaining("older branch protection") });
  });

  test("into a branch that nobody sees can't be told", async () => {
    const found = await examined({
      files: { "dev.yaml": `${stored}promotion: { branch: gone }\n` },
      variables,
      secrets,
    });
    expect(found[here]).toMatchObject({ kind: "unknown", remedy: expect.stringContaining("create it") });
  });

  test("into another repository is nothing for GITHUB_TOKEN", async () => {
    const files = { "dev.yaml": `${stored}promotion: { repository: octo-org/cluster }\n` };
    const found = await examined({ files, variables, secrets });
    expect(found["promotion into octo-org/cluster"]).toMatchObject({
      kind: "problem",
      reason: "GITHUB_TOKEN reaches no other repository",
    });
  });

  test.each([
    [false, "problem"],
    [true, "advice"],
  ])("by pull request, Actions may create them: %s", async (mayCreatePullRequests, kind) => {
    const files = { "dev.yaml": `${stored}promotion: { mode: pull-request }\n` };
    const found = await examined({ files, variables, secrets, workflowPermissions: { mayCreatePullRequests } });
    expect(found["promotion by pull request"]).toMatchObject({ kind });
  });

  test("is held by the gate only where main requires the check", async () => {
    const open = await examined({ variables, secrets });
    expect(open["the gate before merging"]).toMatchObject({ kind: "advice" });
    const held = await examined({ variables, secrets, rulesets: [requiringChecks] });
    expect(held["the gate before merging"]).toMatchObject({ kind: "ok" });
  });
});

test("what GitHub does not answer is told of, and the other checks go on", async () => {
  await using hub = await startGitHub({ variables, secrets });
  hub.fail({
    operation: "repos/get-branch-rules",
    as: { kind: "status", status: 422, message: "No rules today" },
    times: 2,
  });
  const findings = await findingsOf(hub);
  expect(findings).toContainEqual(
    expect.objectContaining({ about: "promotion", kind: "unknown", reason: expect.stringContaining("No rules today") }),
  );
  expect(findings).toContainEqual(expect.objectContaining({ about: "where packages stay", kind: "ok" }));
});
