import { describe, expect, test } from "vitest";
import { configFolder } from "#test/config/config-folder.ts";
import { startGitHub } from "#test/parts/github/start.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { runProgram } from "#test/parts/program.ts";
import { createRunner } from "#test/parts/runner.ts";

const program = "actions/doctor/main.ts";
const quiet = { GITHUB_TOKEN: "", GH_TOKEN: "", GITHUB_ACTIONS: "", MLFLOW_TRACKING_URI: "" };

describe("npm run doctor", () => {
  test("has a help, and refuses what it does not know", async () => {
    expect(await runProgram(program, ["--help"], { env: quiet })).toMatchObject({
      code: 0,
      output: expect.stringContaining("npm run doctor"),
    });
    expect(await runProgram(program, ["--environment", "dev"], { env: quiet })).toMatchObject({
      code: 42,
      output: expect.stringContaining("--environment"),
    });
  });

  test("ends with 0 where nothing is wrong, and says what it did not look at", async () => {
    const { uri } = await sharedMlflow();
    await using root = await configFolder();
    const args = ["--root", root.path, "--set", `tracking.uri=${uri}`, "--repository", "octo-org/models"];
    const { code, output } = await runProgram(program, args, { env: quiet });
    expect(output).toMatch(/^ok {7}Node: v\d+/m);
    expect(output).toMatch(/^ok {7}configuration: tiny in dev$/m);
    expect(output).toMatch(/^unknown {2}GitHub: no token, so nothing there was looked at\n {9}remedy: GITHUB_TOKEN=/m);
    expect(output).toMatch(/\n\nno problem; 1 unknown, \d advised, \d ok\n$/);
    expect(code).toBe(0);
  });

  test("ends with 1 where something is, also on GitHub, with the remedy", async () => {
    await using hub = await startGitHub({
      rulesets: [{ name: "main", branches: ["main"], rules: [{ type: "pull_request" }] }],
    });
    await hub.push("main", { "README.md": "models\n" });
    const { uri } = await sharedMlflow();
    await using root = await configFolder();
    const args = ["--root", root.path, "--set", `tracking.uri=${uri}`, "--repository", "octo-org/models"];
    const env = { ...quiet, GITHUB_TOKEN: hub.token("admin"), GITHUB_API_URL: hub.apiUrl };
    const { code, output } = await runProgram(program, args, { env });
    expect(output).toMatch(/^PROBLEM {2}promotion into octo-org\/models: .*\n {9}remedy: set up a GitHub App/m);
    expect(output).toMatch(/^PROBLEM {2}where packages stay: .*\n {9}remedy: set models\.uri to s3:/m);
    expect(code).toBe(1);
  });
});

describe("the action", () => {
  test("looks at this runner and at the repository, and fails the step for each problem", async () => {
    await using hub = await startGitHub({ repository: { owner: "octo", name: "models" } });
    await hub.push("main", { "README.md": "models\n" });
    await using root = await configFolder({
      "dev.yaml": "models: { uri: ./outputs }\ntracking: { uri: 'http://127.0.0.1:9' }\n",
    });
    await using runner = await createRunner();
    await runner.writeEvent({ repository: { default_branch: "main" } });
    const inputs = runner.inputs({
      root: root.path,
      token: hub.token({ contents: "read", actions: "read" }),
      variables: JSON.stringify({ AWS_REGION: "eu-central-1" }),
    });
    const env = { ...quiet, ...runner.variables, ...inputs, GITHUB_API_URL: hub.apiUrl };
    const { code, output } = await runProgram(program, [], { env });
    expect(code).toBe(1);
    expect(await runner.outputs()).toEqual({ problems: "4" });
    expect(output).toContain("::error title=where packages stay::");
    expect(await runner.summary()).toMatch(/^\| ❌ \| MLflow at/m);
    expect(await runner.summary()).toMatch(/^\| 💡 \| environment dev /m);
  });
});
