import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { Inputs as awaitSync } from "#actions/await-sync/inputs.ts";
import { Inputs as doctor } from "#actions/doctor/inputs.ts";
import { Inputs as drift } from "#actions/drift/inputs.ts";
import { Inputs as evaluate } from "#actions/evaluate/inputs.ts";
import { Inputs as gate } from "#actions/gate/inputs.ts";
import { Inputs as plan } from "#actions/plan/inputs.ts";
import { Inputs as promote } from "#actions/promote/inputs.ts";
import { ActionFile } from "#actions/readme/action-file.ts";
import { withTables } from "#actions/readme/tables.ts";
import { Inputs as register } from "#actions/register/inputs.ts";
import { Inputs as report } from "#actions/report/inputs.ts";
import { Inputs as rollback } from "#actions/rollback/inputs.ts";
import { Inputs as train } from "#actions/train/inputs.ts";

const actions = resolve(import.meta.dirname, "../../actions");
const inputsOf: Record<string, z.ZodObject> = {
  "await-sync": awaitSync,
  doctor,
  drift,
  evaluate,
  gate,
  plan,
  promote,
  register,
  report,
  rollback,
  train,
};
const textOf = (name: string, file: string) => readFileSync(join(actions, name, file), "utf8");

test("every folder with an action.yml is an action whose inputs are known here", () => {
  const names = readdirSync(actions).filter((name) => existsSync(join(actions, name, "action.yml")));
  expect(names.filter((name) => !inputsOf[name])).toEqual([]);
});

describe.each(Object.entries(inputsOf))("%s", (name, Inputs) => {
  const action = ActionFile.parse(parse(textOf(name, "action.yml")));

  test("takes the inputs that its program reads, required and by default the same", () => {
    expect(Object.keys(action.inputs).sort()).toEqual(Object.keys(Inputs.shape).sort());
    for (const [input, { required, default: value }] of Object.entries(action.inputs)) {
      const absent = (Inputs.shape[input] as z.ZodType).safeParse(undefined);
      expect({ input, required: !absent.success }).toEqual({ input, required });
      if (value === undefined || value.includes("${{")) continue;
      const given = (Inputs.shape[input] as z.ZodType).safeParse(value);
      expect({ input, value: given.data }).toEqual({ input, value: absent.data });
    }
  });

  test("runs on Node 24 from its bundle, or hands all inputs to its program by the environment alone", () => {
    const { runs, inputs, outputs } = action;
    if (runs.using === "node24") return expect(runs.main).toBe(`../dist/${name}.js`);
    const step = runs.steps.at(-1);
    const variables = Object.keys(inputs).map((input) => [`INPUT_${input.toUpperCase()}`, `\${{ inputs.${input} }}`]);
    expect(step).toMatchObject({ id: name, env: Object.fromEntries(variables) });
    for (const { run = "" } of runs.steps) expect(run).not.toContain("${{");
    for (const [output, { value }] of Object.entries(outputs))
      expect(value).toBe(`\${{ steps.${name}.outputs.${output} }}`);
  });

  test("has a README with an example and tables as in action.yml", () => {
    const readme = textOf(name, "README.md");
    expect(readme).toContain(`uses: owner/slipway/actions/${name}@v1`);
    expect(withTables(readme, action)).toBe(readme);
  });
});
