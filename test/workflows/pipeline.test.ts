import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { events } from "./events.ts";
import { evaluated, runs } from "./expressions.ts";
import { simulatedRun } from "./simulated-run.ts";
import { job, workflow } from "./workflow-files.ts";

const released = ["plan", "model/train", "model/evaluate", "model/report", "model/register", "model/image"];
const s3 = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const mlflow = ["MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME"];
const cluster = ["SLIPWAY_ARGOCD_TOKEN", "SLIPWAY_JOBS_TOKEN"];
const vars = { SLIPWAY_RUNNER: "gpu", SLIPWAY_RELEASE_RUNNER: "inside", SLIPWAY_APP_CLIENT_ID: "Iv1" };

describe("the jobs that an event starts", () => {
  test.each([
    ["push", [...released, "model/promote", "slipway"]],
    ["schedule", [...released, "model/promote", "slipway"]],
    ["repository_dispatch data-updated", [...released, "model/promote", "slipway"]],
    ["workflow_dispatch dev", [...released, "model/promote", "slipway"]],
    ["workflow_dispatch prod", [...released, "model/promote", "slipway"]],
    ["workflow_dispatch prod on another branch", ["plan", "model/train", "model/evaluate", "model/report", "slipway"]],
    ["pull request", ["plan", "comment", "slipway", "model/train", "model/evaluate", "model/report"]],
    ["pull request of a fork", ["plan", "slipway", "untrusted/train", "untrusted/evaluate", "untrusted/report"]],
    [
      "pull request of a fork that is gone",
      ["plan", "slipway", "untrusted/train", "untrusted/evaluate", "untrusted/report"],
    ],
    ["pull request of Dependabot", ["plan", "slipway", "untrusted/train", "untrusted/evaluate", "untrusted/report"]],
  ] as const)("%s: %j", (event, expected) => {
    expect(Object.keys(simulatedRun({ ...events[event], vars })).sort()).toEqual([...expected].sort());
  });

  test("are plan and the check alone where there is nothing to do", () => {
    expect(Object.keys(simulatedRun({ ...events.push, planned: undefined }))).toEqual(["plan", "slipway"]);
  });

  test("leave out evaluation and report of a model that is in production and only gets another image", () => {
    const planned = { model: "iris", kind: "rebuild", "package-uri": "s3://m/iris", "model-digest": "sha256:m" };
    const started = simulatedRun({ ...events.push, planned });
    expect(Object.keys(started).sort()).toEqual(
      ["plan", "slipway", "model/train", "model/register", "model/image", "model/promote"].sort(),
    );
    expect(started["model/register"]?.given["Register"]).toMatchObject({ evaluation: "", verdict: "" });
  });

  test.each([
    ["model/train", ["plan", "slipway", "model/train"]],
    ["model/evaluate", ["plan", "slipway", "model/train", "model/evaluate", "model/report"]],
    ["model/register", ["plan", "slipway", "model/train", "model/evaluate", "model/report", "model/register"]],
    ["model/image", ["plan", "slipway", ...released.slice(1)]],
    ["model/report", ["plan", "slipway", ...released.slice(1), "model/promote"]],
  ])("end where %s fails", (failing, expected) => {
    expect(Object.keys(simulatedRun({ ...events.push, failing: [failing] })).sort()).toEqual([...expected].sort());
  });

  test("still comment on a pull request whose gate failed", () => {
    expect(simulatedRun({ ...events["pull request"], failing: ["model"] })).toHaveProperty("comment");
  });
});

describe("code that nobody here has read", () => {
  const untrusted = [
    "pull request of a fork",
    "pull request of a fork that is gone",
    "pull request of Dependabot",
  ] as const;
  test.each(untrusted)("gets no secret and only machines that are thrown away: %s", (event) => {
    for (const [name, started] of Object.entries(simulatedRun({ ...events[event], vars }))) {
      expect(started, name).toMatchObject({ runsOn: "ubuntu-latest", secrets: [] });
    }
  });

  test("is nobody else's", () => {
    const names = Object.keys(simulatedRun({ ...events["pull request"], vars }));
    expect(names.filter((name) => name.startsWith("untrusted"))).toEqual([]);
  });
});

describe("what the jobs can reach", () => {
  const build = { environment: "prod-build" };
  test("in a release", () => {
    const started = simulatedRun({ ...events["workflow_dispatch prod"], vars });
    expect(started).toMatchObject({
      plan: { ...build, runsOn: "ubuntu-latest", secrets: [...s3, "SLIPWAY_MANIFESTS_TOKEN"] },
      "model/train": { ...build, runsOn: "gpu", secrets: [...s3, ...mlflow, ...cluster] },
      "model/evaluate": { ...build, runsOn: "gpu", secrets: s3 },
      "model/report": { ...build, runsOn: "ubuntu-latest", secrets: s3 },
      "model/register": { ...build, runsOn: "inside", secrets: [...s3, ...mlflow, "SLIPWAY_MANIFESTS_TOKEN"] },
      "model/image": {
        ...build,
        runsOn: "ubuntu-latest",
        secrets: ["SLIPWAY_REGISTRY_PASSWORD", "SLIPWAY_REGISTRY_USERNAME"],
      },
      "model/promote": { environment: "prod", runsOn: "inside", secrets: [...mlflow, "SLIPWAY_APP_PRIVATE_KEY"] },
      slipway: { environment: undefined, runsOn: "ubuntu-latest", secrets: [] },
    });
  });

  test("in a pull request: an environment of its own, and of the protected branch no cache, no test examples", () => {
    const started = simulatedRun({ ...events["pull request"], vars });
    const environment = "pull-request";
    expect(started).toMatchObject({
      plan: { environment, given: { "Set up": { cache: "pull-request" } } },
      "model/train": { environment, runsOn: "gpu" },
      "model/evaluate": {
        environment,
        given: { "Set up": { cache: "pull-request" }, Evaluate: { role: "validation" } },
      },
      "model/report": { environment },
      comment: { environment: undefined, secrets: [] },
    });
  });

  test("on a branch that is not main: what a pull request can", () => {
    const started = simulatedRun({ ...events["workflow_dispatch prod on another branch"], vars });
    expect(new Set(Object.values(started).map(({ environment }) => environment))).toEqual(
      new Set(["pull-request", undefined]),
    );
    expect(started["model/evaluate"]?.given["Evaluate"]).toMatchObject({ role: "validation", env: "prod" });
  });

  test("on hosted runners where no variable names others", () => {
    for (const started of Object.values(simulatedRun(events.push))) expect(started.runsOn).toBe("ubuntu-latest");
  });
});

describe("what jobs tell each other", () => {
  test("digests, by outputs of jobs", () => {
    const started = simulatedRun(events.push);
    expect(started["model/evaluate"]?.given["Evaluate"]).toMatchObject({
      "model-digest": "sha256:m",
      "champion-digest": "sha256:c",
      role: "test",
    });
    expect(started["model/register"]?.given["Register"]).toMatchObject({ "model-digest": "sha256:m" });
    expect(started["model/image"]?.given["Build, try and push the image"]?.["build-args"]?.split("\n")).toEqual([
      "MODEL_PACKAGE=candidate/model",
      "MODEL_DIGEST=sha256:m",
      "SERVING={maxBatchSize: 8, executionTimeoutMs: 5000}",
      "",
    ]);
    expect(started["model/promote"]?.given["Promote"]).toMatchObject({ "image-digest": "sha256:i" });
  });

  test("the package of a model that was trained before, to the job that would train", () => {
    const planned = { model: "iris", kind: "reuse", "package-uri": "s3://m/iris/1/model", "model-digest": "sha256:r" };
    expect(simulatedRun({ ...events.push, planned })["model/train"]?.given["Train"]).toMatchObject({
      "package-uri": "s3://m/iris/1/model",
      "model-digest": "sha256:r",
    });
  });

  test("code of the protected branch judges and reports; the commit itself does outside of pull requests", () => {
    const judged = simulatedRun(events["pull request"])["model/evaluate"]?.given;
    expect(judged?.["Check out the protected branch, whose code judges"]).toMatchObject({ ref: "main" });
    const pushed = simulatedRun(events.push)["model/report"]?.given;
    expect(pushed?.["Check out the protected branch, whose code reports"]).toMatchObject({ ref: "0123456" });
  });
});

describe("in a cluster", () => {
  const clustered = { ...vars, SLIPWAY_CLUSTER: "true", SLIPWAY_TRAINING_IMAGE: "ghcr.io/octo/training" };
  const whole = [...released, "training-image", "model/promote", "model/deploy/deploy", "slipway"];

  test("the image that trains is built first, and the promotion is waited for, which then moves the alias", () => {
    const started = simulatedRun({ ...events.push, vars: clustered });
    expect(Object.keys(started).sort()).toEqual([...whole].sort());
    expect(started["model/train"]?.given["Train"]).toMatchObject({
      where: "cluster",
      image: "ghcr.io/octo/training@sha256:t",
      minutes: "45",
    });
    expect(started["model/promote"]?.given["Promote"]).toMatchObject({ alias: "deployment" });
    const deploy = started["model/deploy/deploy"];
    expect(deploy).toMatchObject({
      environment: "dev-build",
      runsOn: "inside",
      secrets: [...mlflow, "SLIPWAY_ARGOCD_TOKEN", "SLIPWAY_MANIFESTS_TOKEN"],
    });
    expect(deploy?.given["Wait until the cluster runs it"]).toMatchObject({ model: "iris", commit: "c0ffee" });
  });

  test("without one the promotion moves the alias, and a runner trains", () => {
    const started = simulatedRun({ ...events.push, vars });
    expect(started["model/promote"]?.given["Promote"]).toMatchObject({ alias: "commit" });
    expect(started["model/train"]?.given["Train"]).toMatchObject({ where: "runner", image: "" });
  });

  test("no image is built where nothing is trained", () => {
    const planned = { model: "iris", kind: "rebuild", "package-uri": "s3://m/iris", "model-digest": "sha256:m" };
    expect(simulatedRun({ ...events.push, vars: clustered, planned })).not.toHaveProperty("training-image");
  });

  test("where the image can't be built nothing is trained", () => {
    const started = simulatedRun({ ...events.push, vars: clustered, failing: ["training-image"] });
    expect(Object.keys(started).sort()).toEqual(["plan", "slipway", "training-image"]);
  });

  test.each(["pull request", "pull request of a fork", "workflow_dispatch prod on another branch"] as const)(
    "%s trains on runners and deploys nothing",
    (event) => {
      const started = simulatedRun({ ...events[event], vars: clustered });
      expect(Object.keys(started).filter((name) => /training-image|deploy/.test(name))).toEqual([]);
      for (const { given } of Object.values(started))
        if (given["Train"]) expect(given["Train"]["where"]).toBe("runner");
    },
  );
});

describe("the check that a ruleset requires", () => {
  const [step] = job("pipeline.yml", "slipway").steps;
  test.each([
    ["success", "skipped", "success", "skipped", true],
    ["success", "success", "success", "skipped", true],
    ["success", "skipped", "skipped", "success", true],
    ["success", "skipped", "skipped", "skipped", true],
    ["success", "failure", "skipped", "skipped", false],
    ["success", "skipped", "failure", "skipped", false],
    ["success", "skipped", "cancelled", "skipped", false],
    ["success", "skipped", "skipped", "failure", false],
    ["failure", "skipped", "skipped", "skipped", false],
    ["cancelled", "skipped", "skipped", "skipped", false],
    ["skipped", "skipped", "skipped", "skipped", false],
  ])("plan %s, training image %s, models %s, untrusted ones %s: passes %s", (plan, image, model, untrusted, passes) => {
    const results = { plan, "training-image": image, model, untrusted };
    const needs = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, { result }]));
    const env = Object.entries(step?.env ?? {}).map(([name, value]) => [name, evaluated(value, { needs })]);
    const options = { env: Object.fromEntries(env) };
    const { status } = spawnSync("bash", ["-eo", "pipefail", "-c", step?.run ?? ""], options);
    expect(status === 0).toBe(passes);
  });
});

describe("concurrency", () => {
  const { concurrency } = workflow("pipeline.yml");
  const group = (event: keyof typeof events, run_id: number) =>
    evaluated(concurrency?.group, { github: { ...events[event].github, run_id } });

  test("a pull request's newer run cancels the older one", () => {
    expect(concurrency?.["cancel-in-progress"]).toBe(true);
    expect(group("pull request", 1)).toBe(group("pull request", 2));
  });

  test.each(["push", "schedule", "repository_dispatch data-updated", "workflow_dispatch prod"] as const)(
    "no run of %s cancels another, nor takes its place in a queue",
    (event) => {
      expect(group(event, 1)).not.toBe(group(event, 2));
    },
  );

  test("promotions of one model into one environment queue, and none is dropped", () => {
    const { concurrency: queue } = job("model.yml", "promote");
    expect(queue).toEqual({ group: expect.any(String), queue: "max" });
    const of = (env: string, model: string) => evaluated(queue?.group, { inputs: { env, model } });
    expect(new Set([of("dev", "iris"), of("prod", "iris"), of("dev", "cifar10")]).size).toBe(3);
  });
});

describe("comment.yml", () => {
  const condition = job("comment.yml", "comment").if;
  test.each([
    ["pull_request", "mallory/models", "mallory", true],
    ["pull_request", "octo/models", "dependabot[bot]", true],
    ["pull_request", "octo/models", "ada", false],
    ["push", "octo/models", "ada", false],
    ["workflow_dispatch", "octo/models", "ada", false],
  ])("after a run of %s from %s by %s: %s", (event, full_name, login, expected) => {
    const run = { event, head_repository: { full_name }, actor: { login } };
    const github = { repository: "octo/models", event: { workflow_run: run } };
    expect(runs(condition, { github }, { failed: false, cancelled: false })).toBe(expected);
  });
});
