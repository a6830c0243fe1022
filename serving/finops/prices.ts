import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/** How a machine can be paid for. */
export const terms = ["onDemand", "reserved", "spot"] as const;
export type Term = (typeof terms)[number];

const hourly = z.number().positive(); // in the table's currency

/** A kind of machine and what it costs an hour. */
export const Machine = z.strictObject({
  name: z.string().min(1),
  vcpus: z.number().positive(),
  gpus: z.int().nonnegative().default(0),
  onDemand: hourly,
  reserved: hourly,
  spot: hourly,
});

const Prices = z.strictObject({
  currency: z.string().length(3),
  machines: z.array(Machine).min(1),
});

export type Machine = z.infer<typeof Machine>;
export type Prices = z.infer<typeof Prices>;

/** The price table in a YAML file. @throws BadInputError that names it. */
export async function readPrices(path: string): Promise<Prices> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new BadInputError(`can't read the price table: ${cause.message}`, { cause });
  });
  const parsed = Prices.safeParse(parse(text, { maxAliasCount: 0 }));
  if (!parsed.success) throw new BadInputError(`${path} is no price table:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
