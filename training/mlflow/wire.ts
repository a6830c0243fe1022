import { z } from "zod";

/** MLflow's list of key and value, as a record. */
export const Pairs = z
  .array(z.looseObject({ key: z.string(), value: z.string().default("") }))
  .default([])
  .transform((pairs): Record<string, string> => Object.fromEntries(pairs.map(({ key, value }) => [key, value])));

/** Protobuf's int64: a number, or its decimal digits. */
export const Int64 = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);

/** Protobuf's double: NaN and the infinities come as strings. */
export const Double = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);

/** An answer of which nothing is read. */
export const Anything = z.looseObject({});

/** A record as MLflow's list of key and value. */
export function toPairs(record: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}

/** A number as protobuf's JSON takes it: JSON itself has no NaN. */
export function toDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
