import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { isScalar, parseDocument, visit } from "yaml";
import { actionTexts, allJobs, type Job, job, workflow, workflowFiles } from "./workflow-files.ts";

const files = [...workflowFiles.keys()];
const texts = [...actionTexts];
const jobsOf = (file: string) => Object.entries(workflow(file).jobs);
const atWork = allJobs.filter(({ job: { uses } }) => uses === undefined);
const writes = ({ permissions = {} }: Job) =>
  Object.entries(permissions).flatMap(([name, access]) => (access === "write" ? [name] : []));

describe("permissions", () => {
  test.each(files)("%s grants none to its jobs together", (file) => {
    expect(workflow(file).permissions).toEqual({});
  });

  test.each(allJobs)("$name says which it takes", ({ job: { permissions } }) => {
    expect(permissions).toBeDefined();
  });

  test("to write are held by these jobs alone", () => {
    const held = atWork.flatMap(({ name, job }) => (writes(job).length > 0 ? [[name, writes(job)]] : []));
    expect(Object.fromEntries(held)).toEqual({
      "comment.yml comment": ["pull-requests"],
      "deploy.yml deploy": ["deployments"],
      "drift.yml drift": ["issues"],
      "finish.yml go-on": ["actions"],
      "model.yml image": ["packages"],
      "model.yml promote": ["contents", "pull-requests"],
      "model.yml report": ["statuses"],
      "pipeline.yml comment": ["pull-requests"],
      "pipeline.yml training-image": ["packages"],
      "release.yml bundle": ["id-token", "attestations"],
      "release.yml tag": ["contents"],
      "rollback.yml rollback": ["contents", "issues", "pull-requests"],
    });
  });

  const calls = allJobs.filter(({ job: { uses } }) => uses !== undefined);
  test.each(calls)("of the caller $name are those that the called jobs take, without which it does not load", (one) => {
    const taken = new Map<string, string>();
    for (const [, { permissions = {} }] of jobsOf(basename(one.job.uses ?? ""))) {
      for (const [name, access] of Object.entries(permissions)) {
        if (taken.get(name) !== "write") taken.set(name, access);
      }
    }
    expect(one.job.permissions).toEqual(Object.fromEntries(taken));
  });
});

describe("a job", () => {
  test.each(atWork)("$name ends by itself", ({ job }) => {
    expect(job["timeout-minutes"]).toBeLessThanOrEqual(360);
  });

  test.each(atWork)("$name is given secrets only in an environment, which may restrict its branches", ({ job }) => {
    expect(/\bsecrets\./.test(JSON.stringify(job)) && job.environment === undefined).toBe(false);
  });

  test.each(atWork)("$name leaves no token in its checkout", ({ job: { steps } }) => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.filter((checkout) => checkout.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test.each([
    ["model.yml", "promote"],
    ["model.yml", "register"],
    ["model.yml", "image"],
    ["pipeline.yml", "training-image"],
    ["deploy.yml", "deploy"],
    ["release.yml", "bundle"],
    ["release.yml", "tag"],
    ["rollback.yml", "rollback"],
  ])("of %s that releases, %s, restores no cache", (file, id) => {
    const restoring = job(file, id).steps.filter(
      (step) => step.uses?.startsWith("actions/cache") || step.with?.["cache"] !== undefined,
    );
    expect(restoring).toEqual([]);
  });

  test("that promotes, rolls back or pushes tags has an environment whose reviewers may be asked", () => {
    expect(job("model.yml", "promote").environment).toMatch(/^\$\{\{ inputs\.env \}\}$/);
    expect(job("rollback.yml", "rollback").environment).toMatch(/^\$\{\{ inputs\.env \}\}$/);
    expect(job("release.yml", "tag").environment).toBe("release");
  });
});

describe("text of others", () => {
  test.each(texts)("never becomes part of a script in %s: it comes by variables", (_, text) => {
    const scripts: string[] = [];
    visit(parseDocument(text), {
      Pair: (_key, { key, value }) => {
        if (isScalar(key) && key.value === "run" && isScalar(value)) scripts.push(String(value.value));
      },
    });
    expect(scripts.filter((script) => /\$\{\{/.test(script))).toEqual([]);
  });

  test.each(files)("starts nothing in %s that has both its code and secrets", (file) => {
    expect(Object.keys(workflow(file).on)).not.toContain("pull_request_target");
  });

  test("of a pull request's run is data: comment.yml checks out nothing of it", () => {
    const { steps } = job("comment.yml", "comment");
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with)).toEqual([{ "persist-credentials": false }]);
    expect(steps.at(-1)?.with).toMatchObject({ untrusted: true });
  });
});

describe("actions of others", () => {
  test.each(texts)("are pinned in %s by the commit, with the version beside it", (_, text) => {
    const used = [...text.matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(([, value = ""]) => value);
    const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    expect(used.filter((value) => !value.startsWith("./") && !pinned.test(value))).toEqual([]);
  });

  test("are of one version each", () => {
    const used = texts.flatMap(([, text]) => [...text.matchAll(/uses: ([\w.-]+\/[\w./-]+)@(.*)$/gm)]);
    const versions = new Map(used.map(([, name, version]) => [name, version]));
    expect(used.filter(([, name, version]) => version !== versions.get(name))).toEqual([]);
  });
});

describe("merged.yml", () => {
  test("starts for what was merged into the overlays of main, and deploys only that", () => {
    expect(workflow("merged.yml").on).toEqual({
      push: { branches: ["main"], paths: ["manifests/serving/overlays/**"] },
    });
    expect(job("merged.yml", "look")).toMatchObject({ if: "vars.SLIPWAY_CLUSTER == 'true'" });
    expect(job("merged.yml", "deploy").if).toBe("needs.look.outputs.count != '0'");
  });
});

describe("finish.yml", () => {
  test("starts when a training has ended, and by hand; only its job that starts the pipeline may start anything", () => {
    expect(workflow("finish.yml").on).toMatchObject({ repository_dispatch: { types: ["training-ended"] } });
    expect(job("finish.yml", "look").permissions).toEqual({ contents: "read" });
    expect(JSON.stringify(job("finish.yml", "go-on"))).not.toContain("secrets.");
  });
});

describe("pipeline.yml", () => {
  test("starts for what the design names, and for a promotion's commit it does not", () => {
    expect(workflow("pipeline.yml").on).toEqual({
      push: { branches: ["main"], "paths-ignore": ["manifests/**"] },
      pull_request: { branches: ["main"] },
      workflow_dispatch: {
        inputs: {
          env: expect.objectContaining({ type: "choice", options: ["dev", "prod"], default: "dev" }),
          model: expect.objectContaining({ type: "string", default: "" }),
        },
      },
      schedule: [{ cron: expect.stringMatching(/^[1-9]\d? \d+ \* \* \d$/) }],
      repository_dispatch: { types: ["data-updated"] },
    });
  });
});
