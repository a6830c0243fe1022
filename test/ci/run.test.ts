import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { setupFolder } from "./setup-folder.ts";

const files = [
  { status: "passed", assertionResults: [{}, {}] },
  { status: "failed", assertionResults: [{}] },
];

const report = (passed: number, failed: number, testResults: unknown[] = []) =>
  `echo '${JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults })}' > "$SLIPWAY_TEST_RESULTS"`;

/** Runs `.ci/run` where `npm test` does `script`, and `npm run test:e2e` does `endToEnd`. */
async function run(script: string, endToEnd = report(0, 0)) {
  await using project = await setupFolder();
  await project.npm(`if [ "$1" = test ]; then ${script}; else ${endToEnd}; fi`);
  const env = { PATH: `${join(project.root, "../bin")}:/usr/bin:/bin` };
  return await new Promise<{ code: number; stdout: string; last: string | undefined; calls: string[] }>((done) => {
    execFile("/bin/bash", [join(project.root, ".ci/run")], { env, cwd: "/" }, async (error, stdout) => {
      const last = stdout.trimEnd().split("\n").at(-1);
      done({ code: Number(error?.code ?? 0), stdout, last, calls: await project.npmCalls() });
    });
  });
}

describe(".ci/run", () => {
  test("runs the README's commands and ends with the counts", async () => {
    const ended = await run(`echo "CI=$CI"; ${report(12, 0, files.slice(0, 1))}`);
    expect(ended).toMatchObject({ code: 0, last: "12 passed, 0 failed", calls: ["test", "run test:e2e"] });
    expect(ended.stdout).toContain("CI=true\n");
  });

  test("adds up the counts, and keeps the first exit code that is not 0", async () => {
    const both = await run(report(12, 0, files.slice(0, 1)), `${report(3, 1, files)}; exit 1`);
    expect(both).toMatchObject({ code: 1, last: "15 passed, 1 failed" });
    const first = await run(`${report(11, 1, files)}; exit 5`, report(4, 0, files.slice(0, 1)));
    expect(first).toMatchObject({ code: 5, last: "15 passed, 1 failed" });
  });

  test.each([
    ["a failed test", `${report(11, 1, files)}; exit 1`, 1, "11 passed, 1 failed"],
    [
      "a file that could not be loaded",
      `${report(3, 0, [{ status: "failed", assertionResults: [] }])}; exit 1`,
      1,
      "3 passed, 1 failed",
    ],
    ["an error outside of any test", `${report(3, 0)}; exit 1`, 1, "3 passed, 1 failed"],
    ["set-up that failed", "exit 1", 1, "0 passed, 1 failed"],
    ["a killed run", "kill -9 $$", 137, "0 passed, 1 failed"],
    ["another exit code", `${report(0, 2)}; exit 5`, 5, "0 passed, 2 failed"],
  ])("keeps the exit code of %s and counts it", async (_, script, code, last) => {
    expect(await run(script)).toMatchObject({ code, last });
  });

  test("gives the tests no stdin to wait for", async () => {
    expect(await run(`cat; ${report(1, 0)}`)).toMatchObject({ code: 0, last: "1 passed, 0 failed" });
  });
});
