import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "#test/parts/program.ts";

test.each(["bench", "long"])(
  "npm run %s -- --help names every program that there is, and others are refused",
  async (command) => {
    const files = (await readdir(join(import.meta.dirname, command))).filter((file) => file.endsWith(".ts"));
    const names = files.map((file) => file.slice(0, -".ts".length)).filter((name) => name !== "main");
    const { code, output } = await runProgram(`test/${command}/main.ts`, ["--help"]);
    const told = output.matchAll(new RegExp(`npm run ${command} -- (\\w+)`, "g"));
    expect([...told].map(([, name]) => name)).toEqual(names.sort());
    expect(code).toBe(0);
    const wrong = await runProgram(`test/${command}/main.ts`, ["nothing"]);
    expect(wrong).toMatchObject({ code: 42, output: expect.stringContaining(`name one of ${names.join(", ")}`) });
  },
);
