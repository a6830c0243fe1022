import { spawnSync } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { actionTexts } from "./workflow-files.ts";

const root = resolve(import.meta.dirname, "../..");

/** Runs one of the linters that set-up prepared, in `folder`. */
function lint(name: string, args: readonly string[], folder = root): { status: number | null; output: string } {
  const { actionlint, lintersPython } = readTools(root);
  if (!actionlint || !lintersPython) throw new Error("no linters: run `npm test`, whose set-up prepares them");
  const program = name === "actionlint" ? actionlint : join(dirname(lintersPython), name);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const shellcheck = join(dirname(readTools(root).lintersPython ?? ""), "shellcheck");
const actionlint = ["-no-color", `-shellcheck=${shellcheck}`];
const zizmor = ["--offline", "--persona", "pedantic", "--no-progress", "--color", "never", ".github", "actions"];
const schema = (name: string) => ["--builtin-schema", `vendor.${name}`];
const files = [...actionTexts.keys()];

describe("nothing is found", () => {
  test("in the workflows, by actionlint and shellcheck", () => {
    expect(lint("actionlint", actionlint)).toEqual({ status: 0, output: "" });
  });

  test("in workflows and actions, by zizmor", () => {
    expect(lint("zizmor", zizmor)).toMatchObject({
      status: 0,
      output: expect.stringContaining("No findings to report"),
    });
  });

  test.each([
    ["github-workflows", files.filter((file) => file.startsWith(".github/workflows/"))],
    ["github-actions", files.filter((file) => file.endsWith("/action.yml"))],
    ["dependabot", [".github/dependabot.yml"]],
  ])("by the schema of %s", (name, files) => {
    expect(lint("check-jsonschema", [...schema(name), ...files])).toMatchObject({ status: 0 });
  });

  test("in shell scripts", () => {
    expect(lint("shellcheck", [".ci/run", ".ci/tag-release"])).toEqual({ status: 0, output: "" });
  });
});

describe("the linters look", () => {
  test.each([
    ["actionlint", actionlint, "needs: plan\n", "needs: plam\n"],
    ["zizmor", zizmor, "permissions: {}", "permissions: write-all"],
    ["check-jsonschema", [...schema("github-workflows"), ".github/workflows/pipeline.yml"], "runs-on:", "runs-onto:"],
  ])("%s finds a fault", async (name, args, text, fault) => {
    await using folder = await temporaryFolder();
    for (const part of [".github", "actions"]) await cp(join(root, part), join(folder.path, part), { recursive: true });
    const path = join(folder.path, ".github/workflows/pipeline.yml");
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace(text, fault));
    spawnSync("git", ["init", "--quiet"], { cwd: folder.path }); // by which actionlint knows a project
    expect(lint(name, args, folder.path)).not.toMatchObject({ status: 0 });
  });
});
