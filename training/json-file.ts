import { readFile } from "node:fs/promises";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/** Reads a JSON file that an earlier step left. Throws `BadInputError` naming the file where it is missing or is not what `schema` says. */
export async function readJsonFile<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  return parseJson(await readText(path), schema, path);
}

/** Reads a file of one JSON value a line; errors name file and line. */
export async function readJsonLines<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>[]> {
  const lines = (await readText(path)).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => parseJson(line, schema, `${path}:${index + 1}`));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new BadInputError(`can't read ${path}: run the step that writes it first`, { cause });
  }
}

function parseJson<S extends z.ZodType>(text: string, schema: S, place: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadInputError(`${place} is not JSON: write it again with the step that made it`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new BadInputError(`${place} is not what was expected:\n${z.prettifyError(result.error)}`);
  return result.data;
}
