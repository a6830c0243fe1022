import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { Prices } from "#config/prices.ts";

/** The price table in a YAML file. @throws BadInputError that names it. */
export async function readPrices(path: string): Promise<Prices> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new BadInputError(`can't read the price table: ${cause.message}`, { cause });
  });
  const parsed = Prices.safeParse(valuesOf(text, path));
  if (!parsed.success) throw new BadInputError(`${path} is no price table:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function valuesOf(text: string, path: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new BadInputError(`${path} is not YAML: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
