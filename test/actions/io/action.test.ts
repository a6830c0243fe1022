import { expect, test } from "vitest";
import { withoutCommands } from "#actions/io/log.ts";
import { fitted } from "#actions/io/summary.ts";
import { runProgram } from "#test/parts/program.ts";
import { createRunner } from "#test/parts/runner.ts";

const program = "test/actions/io/probe.ts";

async function act(inputs: Record<string, string>, payload: unknown = {}) {
  const runner = await createRunner();
  await runner.writeEvent(payload);
  const { code, output } = await runProgram(program, [], { env: { ...runner.variables, ...runner.inputs(inputs) } });
  return { runner, code, output, outputs: await runner.outputs() };
}

test("inputs are read with their defaults, an empty one is absent", async () => {
  const { runner, code, outputs } = await act({ model: "iris", count: "", set: "training.epochs=5\n\n  a=b  \n" });
  await using _ = runner;
  expect(code).toBe(0);
  expect(JSON.parse(outputs["inputs"] ?? "")).toEqual({
    env: "dev",
    root: ".",
    set: ["training.epochs=5", "a=b"],
    model: "iris",
    count: 1,
    comment: true,
    text: "",
    end: "well",
  });
  expect(outputs["none"]).toBe("");
});

test("all that is wrong with the inputs is told at once, with exit code 42", async () => {
  const { runner, code, output } = await act({ count: "many", comment: "yes" });
  await using _ = runner;
  expect(code).toBe(42);
  for (const part of ["model: is missing", "count: ", "comment: "]) expect(output).toContain(part);
  expect(output).not.toContain("    at "); // no stack
});

test("a job that must stop fails with the reason and the code of config/exit-code.ts", async () => {
  const { runner, code, output } = await act({ model: "iris", end: "held" });
  await using _ = runner;
  expect(code).toBe(4);
  expect(output).toContain("::error::held: too few examples");
});

test("an error becomes one escaped annotation and exit code 1", async () => {
  const { runner, code, output } = await act({ model: "iris", end: "late" });
  await using _ = runner;
  expect(code).toBe(1);
  expect(output).toContain("::error::too late::error::");
});

test("text of others gives no workflow command, whatever stands in it", async () => {
  const text =
    "fine\n::set-output name=model-digest::x\r  ::error::y\u2028::warning::z\nmid ##[error]w, 100% :: is text";
  const { runner, output, outputs } = await act({ model: "iris", text });
  await using _ = runner;
  const commands = output.split(/\r\n|[\r\n]/).filter((line) => /^\s*::|^(?!::).*##\[/.test(line));
  expect(commands).toHaveLength(1); // the annotation
  expect(commands[0]).toMatch(/^::warning title=[^,]*,file=config\/dev\.yaml,line=3::fine%0A/);
  expect(outputs["text"]).toBe(text); // whole in a file
  expect(await runner.summary()).toContain(text);
  expect(withoutCommands("a:b::c\nkey: ::x")).toBe("a:b::c\nkey: ::x");
});

test("the event of a pull request tells its head, and whether its run gets secrets", async () => {
  const pullRequest = (fullName: string | null) => ({
    repository: { default_branch: "trunk" },
    pull_request: {
      number: 7,
      head: { sha: "f".repeat(40), ref: "`$(id)`", repo: fullName === null ? null : { full_name: fullName } },
    },
  });
  for (const [name, isUntrusted] of [
    ["octo/models", false],
    ["mallory/models", true],
    [null, true],
  ] as const) {
    const { runner, outputs } = await act({ model: "iris" }, pullRequest(name));
    await using _ = runner;
    expect(JSON.parse(outputs["event"] ?? "")).toMatchObject({
      repository: "octo/models",
      defaultBranch: "trunk",
      pullRequest: { number: 7, headSha: "f".repeat(40), headRef: "`$(id)`", isUntrusted },
      runUrl: "https://github.example/octo/models/actions/runs/17",
    });
  }
});

test("the event of another run's end tells that run and its head", async () => {
  const { runner, outputs } = await act(
    { model: "iris" },
    {
      workflow_run: {
        id: 30,
        html_url: "https://github.example/octo/models/actions/runs/30",
        head_branch: "](javascript:0)",
        head_sha: "f".repeat(40),
        head_repository: { full_name: "mallory/models" },
      },
    },
  );
  await using _ = runner;
  expect(JSON.parse(outputs["event"] ?? "").workflowRun).toEqual({
    id: 30,
    url: "https://github.example/octo/models/actions/runs/30",
    head: { repository: "mallory/models", branch: "](javascript:0)", sha: "f".repeat(40) },
  });
});

test("a summary over 1 MiB is cut at a line, with a note", async () => {
  const line = `${"ä".repeat(49)}\n`;
  const { runner, code } = await act({ model: "iris", text: line.repeat(1200) }); // a variable holds 128 KiB
  await using _ = runner;
  expect(code).toBe(0);
  expect((await runner.summary()).length).toBe(line.length * 1200 + 1);

  const cut = fitted(line.repeat(20_000), 1024 * 1024);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024 * 1024);
  expect(cut.startsWith(line.repeat(10_000))).toBe(true);
  expect(cut).not.toContain("\uFFFD");
  expect(cut).toMatch(/ä\n\n> This summary was cut off/);
  expect(fitted("more", 2)).toBe("");
});
