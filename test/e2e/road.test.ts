import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { overlayPath, readOverlay } from "#actions/gitops/overlay.ts";
import { loggedRequests } from "#test/parts/logged-requests.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { readReference } from "#training/package/read-reference.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Event } from "./harness/events.ts";
import { changedScalars, conclusions, jobs, logs } from "./harness/told.ts";
import { startWorld, type World } from "./harness/world.ts";

// One story in one repository: each event finds what those before it have left.
let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.putData("iris.csv");
});
afterAll(() => world[Symbol.asyncDispose]());

const dev = overlayPath("dev", "iris");
const mallory = { login: "mallory", id: 66, type: "User" as const };
const path = (job: string) => `iris/model/${job}`;
const wholeRoad = ["evaluate", "image", "promote", "register", "report", "train"];

const overlay = async (file = dev) => readOverlay(await world.textAt("main", file));
const versions = async () => {
  const client = createMlflowClient({ trackingUri: world.mlflow.uri });
  const found = await client.searchModelVersions("name = 'iris'").finally(() => client.close());
  return found.map(({ version }) => version);
};

/** What happened to main since `before`: its commits, and what each changed. */
async function commitsSince(before: string) {
  const shas = (await world.git.text("rev-list", "--reverse", `${before}..main`)).split("\n").filter(Boolean);
  return Promise.all(
    shas.map(async (sha) => ({
      ...(await world.git.commit(sha)),
      files: (await world.git.diff(`${sha}^`, sha)).map(({ filename }) => filename),
    })),
  );
}

async function happen(event: Event) {
  const all = await world.happen(event);
  const runs = all.filter(({ workflow, jobs }) => workflow !== "merged" || jobs.length > 0); // a push to overlays starts it, and without a cluster it does nothing
  return { runs, told: logs(all) };
}

describe("a push to main", () => {
  test("trains, judges, registers, builds and promotes", async () => {
    const before = await world.mainHead();
    const { runs, told } = await happen(await world.pushed("main"));
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual(
      [
        ...wholeRoad.map((job) => `${path(job)}: success`),
        "pipeline/plan: success",
        "pipeline/slipway: success",
      ].sort(),
    );
    expect(await versions()).toEqual(["1"]);
    expect(world.hub.state.statuses).toMatchObject([{ sha: before, context: "slipway/gate (iris)", state: "success" }]);
    expect(runs[0]?.summaries.map(({ job }) => job)).toEqual(expect.arrayContaining(["pipeline/plan", path("report")]));
  });

  test("left one signed commit of the bot, linear, that changes scalars of the overlay and nothing else", async () => {
    const [first] = (await world.git.text("rev-list", "--reverse", "main")).split("\n");
    const commits = await commitsSince(first ?? "");
    expect(commits).toMatchObject([{ parents: [first], files: [dev], author: { name: "github-actions[bot]" } }]);
    const [commit] = commits;
    expect(world.hub.state.signed.has(commit?.sha ?? "")).toBe(true);
    const keys = changedScalars(await world.textAt(first ?? "", dev), await world.textAt("main", dev));
    expect(keys.sort()).toEqual([
      "count",
      "digest",
      "newTag",
      "slipway/content-hash",
      "slipway/git-sha",
      "slipway/metric",
      "slipway/mlflow-run",
      "slipway/model-digest",
      "slipway/model-uri",
      "slipway/model-version",
      "slipway/verdict",
    ]);
    const [image] = (await world.records()).filter(({ kind }) => kind === "image");
    expect(await overlay()).toMatchObject({ version: "1", gitSha: first, image: { digest: image?.["digest"] } });
    expect(image).toMatchObject({
      buildArguments: { SERVING: expect.stringMatching(/^\{bodyLimitBytes: \d+, .*maxBatchSize: 64, /) },
    });
    expect(commit?.message).toContain(`\nArgocd-reference-commit-sha: ${first}`);
    expect(commit?.message).toContain("\nModel-Version: 1");
  });

  test("of the promotion's own commit starts nothing", async () => {
    const event = await world.pushed("main^");
    expect(event.changedPaths).toEqual([dev]);
    const { runs, told } = await happen(event);
    expect(conclusions(runs), told).toEqual([]);
  });

  test("of the promotion's own commit finds nothing to do also where no filter stops it", async () => {
    const before = await world.mainHead();
    const event = await world.pushed("main^");
    const { runs, told } = await happen({ ...event, changedPaths: ["README.md"] });
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual(["pipeline/plan: success", "pipeline/slipway: success"]);
    expect(await world.mainHead()).toBe(before);
  });
});

describe("a pull request", () => {
  const config = "config/models/iris.yaml";
  const opened = async () => {
    const text = (await world.textAt("main", config)).replace("learningRate: 0.05", "learningRate: 0.04");
    const sha = await world.hub.push("warmer", { [config]: text }, { message: "Learn slower", from: "main" });
    return world.openPull({ branch: "warmer", sha, title: "Learn slower `@octo-org/all` ](javascript:alert(1))" });
  };

  test("gets one comment, which the next run of it updates", async () => {
    const before = { main: await world.mainHead(), versions: await versions() };
    const pull = await opened();
    const first = await happen(await world.synchronized(pull));
    expect(conclusions(first.runs), first.told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(first.runs), first.told).toEqual(
      [
        ...["train", "evaluate", "report"].map((job) => `${path(job)}: success`),
        ...["plan", "comment", "slipway"].map((job) => `pipeline/${job}: success`),
      ].sort(),
    );
    const [comment] = world.hub.state.comments;
    expect(world.hub.state.comments).toMatchObject([{ issue: pull.number, user: { login: "github-actions[bot]" } }]);
    const body = comment?.body ?? "";
    expect(body).toContain("iris");

    const text = (await world.textAt("warmer", config)).replace("learningRate: 0.04", "learningRate: 0.03");
    await world.hub.push("warmer", { [config]: text }, { message: "Learn slower still" });
    const second = await happen(await world.synchronized(pull));
    expect(conclusions(second.runs), second.told).toEqual(["pipeline: success", "comment: success"]);
    expect(world.hub.state.comments.map(({ id }) => id)).toEqual([comment?.id]);
    expect(world.hub.state.comments[0]?.body).not.toBe(body);
    expect({ main: await world.mainHead(), versions: await versions() }).toEqual(before);
    expect(world.hub.state.statuses.at(-1)).toMatchObject({ sha: pull.head.sha, context: "slipway/gate (iris)" });
  });

  test("of a fork gets no secret, and its comment says that the run was untrusted", async () => {
    const before = { main: await world.mainHead(), versions: await versions() };
    const text = (await world.textAt("main", config)).replace("learningRate: 0.05", "learningRate: 0.06");
    const sha = await world.hub.push("of-a-fork", { [config]: text }, { message: "Learn faster", from: "main" });
    await world.git.deleteRef("refs/heads/of-a-fork"); // it is in the fork alone
    const pull = world.openPull({ branch: "warmer", sha, from: "mallory", user: mallory });
    const asked = world.hub.requests.length;
    const { runs, told } = await happen(await world.synchronized(pull));
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(told).not.toContain(world.secrets["AWS_SECRET_ACCESS_KEY"]);
    const comments = world.hub.state.comments.filter(({ issue }) => issue === pull.number);
    expect(comments, told).toMatchObject([{ user: { login: "github-actions[bot]" } }]);
    expect(comments[0]?.body).toMatch(/untrusted/i);
    const written = world.hub.requests
      .slice(asked)
      .filter(({ method, operation }) => method !== "GET" && operation !== "git" && operation !== "graphql");
    expect(written.filter(({ status }) => status < 300).map(({ operation }) => operation)).toEqual([
      "issues/create-comment",
    ]);
    expect({ main: await world.mainHead(), versions: await versions() }).toEqual(before);
  });
});

describe("changed data", () => {
  test("that a repository_dispatch tells of is trained on and promoted", async () => {
    const before = await world.mainHead();
    await world.putData("iris.csv", (text) => text.split("\n").slice(0, -10).join("\n"));
    const { runs, told } = await happen(await world.repositoryDispatched("data-updated"));
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(await commitsSince(before)).toMatchObject([{ files: [dev] }]);
    expect((await overlay())?.version).toBe("2");
  });

  test("is looked for by the schedule, which finds none", async () => {
    const before = await world.mainHead();
    const { runs, told } = await happen(await world.scheduled());
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual(["pipeline/plan: success", "pipeline/slipway: success"]);
    expect(await world.mainHead()).toBe(before);
  });

  test("is not looked for by another repository_dispatch", async () => {
    expect(await world.happen(await world.repositoryDispatched("deploy"))).toEqual([]);
  });
});

describe("a dispatch by hand", () => {
  test("for prod releases the package that runs in dev, without training", async () => {
    const before = await world.mainHead();
    const { runs, told } = await happen(await world.dispatched({ env: "prod", model: "iris" }));
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(await commitsSince(before)).toMatchObject([{ files: [overlayPath("prod", "iris")] }]);
    const [inDev, inProd] = [await overlay(), await overlay(overlayPath("prod", "iris"))];
    expect(inProd).toMatchObject({ modelDigest: inDev?.modelDigest, image: { digest: inDev?.image.digest } });
  });

  test("for dev finds nothing new", async () => {
    const before = await world.mainHead();
    const { runs, told } = await happen(await world.dispatched({ env: "dev", model: "" }));
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual(["pipeline/plan: success", "pipeline/slipway: success"]);
    expect(await world.mainHead()).toBe(before);
  });

  test("with a value that is no choice is refused before anything runs", async () => {
    await expect(world.dispatched({ env: "staging" })).rejects.toThrow(
      "Provided value 'staging' for input 'env' not in the list of allowed values",
    );
  });

  test("for a model that there is not fails the plan with the reason", async () => {
    const { runs, told } = await happen(await world.dispatched({ env: "dev", model: "roses" }));
    expect(conclusions(runs), told).toEqual(["pipeline: failure", "comment: success"]);
    expect(runs[0]?.annotations.map(({ message }) => message).join("\n"), told).toContain("roses");
  });
});

describe("drift of what the model in production is asked", () => {
  /** Puts requests to the version in dev where the repository looks for them. */
  const logged = async (isDrifted: boolean) => {
    const { packageUri = "", modelDigest } = (await overlay()) ?? {};
    const told = await readReference(openStorage(packageUri, "", world.s3), modelDigest);
    const day = new Date().toISOString().slice(0, 10);
    await world.storage.write(`requests/iris/${day}/pod.jsonl`, Buffer.from(loggedRequests(told, { isDrifted })));
  };
  const look = async (fail: "true" | "false") =>
    happen(await world.dispatched({ env: "dev", model: "iris", fail }, "drift.yml"));
  const summary = (runs: Awaited<ReturnType<typeof look>>["runs"]) => runs[0]?.summaries[0]?.markdown;

  test("opens one issue, which the next run of it updates, and fails where it is a gate", async () => {
    await logged(true);
    const first = await look("false");
    expect(conclusions(first.runs), first.told).toEqual(["drift: success"]);
    expect(summary(first.runs), first.told).toMatch(/iris, version \d+: drifted/);
    expect(world.hub.state.issues, first.told).toMatchObject([
      { state: "open", title: "Requests to iris in dev have drifted", user: { login: "github-actions[bot]" } },
    ]);
    const body = world.hub.state.issues[0]?.body;
    const second = await look("true");
    expect(conclusions(second.runs), second.told).toEqual(["drift: failure"]);
    expect(second.runs[0]?.annotations.map(({ message }) => message).join("\n")).toContain(
      "requests have drifted: iris",
    );
    expect(world.hub.state.issues).toHaveLength(1);
    expect(world.hub.state.issues[0]?.body).not.toBe(body); // it names the newer run
  });

  test("is over: the issue is closed and says so", async () => {
    await logged(false);
    const { runs, told } = await look("true");
    expect(conclusions(runs), told).toEqual(["drift: success"]);
    expect(world.hub.state.issues.splice(0), told).toMatchObject([{ state: "closed", stateReason: "completed" }]);
    expect(world.hub.state.comments.at(-1)?.body).toContain("It is over");
  });

  test("is looked for by the schedule in prod", async () => {
    const { runs, told } = await happen(await world.scheduled("drift.yml"));
    expect(conclusions(runs), told).toEqual(["drift: success"]);
    expect(summary(runs), told).toMatch(/Drift in prod[\s\S]*iris, version \d+: stable/);
  });
});

test("a rollback by hand takes dev back, opens an issue, and keeps the version out from then on", async () => {
  const before = await world.mainHead();
  const inputs = { env: "dev", model: "iris", reason: "It takes roses for irises `@octo-org/all`" };
  const { runs, told } = await happen(await world.dispatched(inputs, "rollback.yml"));
  expect(conclusions(runs), told).toEqual(["rollback: success"]);
  expect(await commitsSince(before)).toMatchObject([{ files: [dev], author: { name: "github-actions[bot]" } }]);
  expect((await overlay())?.version).toBe("1");
  expect(world.hub.state.issues, told).toMatchObject([{ state: "open", title: expect.stringContaining("iris") }]);

  const head = await world.mainHead();
  const again = await happen(await world.dispatched({ env: "dev", model: "iris" }));
  expect(conclusions(again.runs), again.told).toEqual(["pipeline: failure", "comment: success"]);
  expect(jobs(again.runs), again.told).toContain(`${path("promote")}: failure`);
  expect(again.runs[0]?.annotations.map(({ message }) => message).join("\n")).toContain("roses for irises");
  expect(await world.mainHead()).toBe(head);
});

test("the doctor finds what keeps this repository from running elsewhere, with the remedy", async () => {
  const { runs, told } = await happen(await world.dispatched({ env: "dev" }, "doctor.yml"));
  expect(conclusions(runs), told).toEqual(["doctor: failure"]);
  const errors = runs[0]?.annotations.filter(({ level }) => level === "error").map(({ message }) => message);
  expect(errors?.[0], told).toMatch(
    /127\.0\.0\.1.* is the runner itself\s+remedy: set the variable MLFLOW_TRACKING_URI/,
  );
});

test("below the gate nothing is registered, and main stays as it was", async () => {
  const config = "config/models/iris.yaml";
  const text = (await world.textAt("main", config)).replace("learningRate: 0.05", "learningRate: 0.000001");
  const before = { main: await world.hub.push("main", { [config]: text }), versions: await versions() };
  const { runs, told } = await happen(await world.pushed("main^"));
  expect(conclusions(runs), told).toEqual(["pipeline: failure", "comment: success"]);
  expect(jobs(runs), told).toEqual(
    [
      ...["train", "report"].map((job) => `${path(job)}: success`),
      `${path("evaluate")}: failure`,
      "pipeline/plan: success",
    ].sort(),
  );
  expect({ main: await world.mainHead(), versions: await versions() }).toEqual(before);
  expect(world.hub.state.statuses.at(-1)).toMatchObject({ sha: before.main, state: "failure" });
});
