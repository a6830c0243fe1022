import { appendFile } from "node:fs/promises";
import { z } from "zod";

/** The inputs of the step, which may be no others than the real action has. */
export function inputsOf<S extends z.core.$ZodLooseShape>(shape: S): z.output<z.ZodObject<S, z.core.$strict>> {
  const given = Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith("INPUT_") && value !== "" ? [[name.slice("INPUT_".length).toLowerCase(), value]] : [],
  );
  return z.strictObject(shape).parse(Object.fromEntries(given));
}

export const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** Lines that are not blank. */
export const lines = z.string().transform((text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean),
);

/** A variable that the harness or the runner sets. */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** Sets an output of the step. */
export async function setOutput(name: string, value: string): Promise<void> {
  await appendFile(variable("GITHUB_OUTPUT"), `${name}=${value}\n`);
}

/** Keeps what a stand-in was asked, for the test to look at. */
export async function record(kind: string, facts: Record<string, unknown>): Promise<void> {
  const line = { kind, workflow: variable("GITHUB_WORKFLOW"), job: variable("GITHUB_JOB"), ...facts };
  await appendFile(variable("STAND_IN_RECORDS"), `${JSON.stringify(line)}\n`);
}
