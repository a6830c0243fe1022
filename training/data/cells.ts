import type { Slice } from "#config/data.ts";
import type { Feature } from "#config/schema.ts";
import { quoted } from "./problems.ts";

/** What a cell holds, or why it can't be used. */
export type Cell<T> = { value: T } | { wrong: string };

/** A decimal number that a 32-bit float can hold, within the feature's bounds. */
export function readNumber(
  text: string,
  { minimum = -Infinity, maximum = Infinity }: Partial<Feature> = {},
): Cell<number> {
  if (text.trim() === "") return { wrong: "is empty" };
  if (/[\r\n]/.test(text)) return { wrong: `${quoted(text)} has a line break in it` };
  if (/^[+-]?(inf|infinity)$/i.test(text.trim())) return { wrong: `${quoted(text)} is infinite` };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) return { wrong: `${quoted(text)} is not a number` };
  const value = Number(text);
  if (!Number.isFinite(Math.fround(value)))
    return { wrong: `${quoted(text)} is too large: 32-bit floats end at 3.4e38` };
  if (value < minimum) return { wrong: `${value} is under the minimum, ${minimum}` };
  if (value > maximum) return { wrong: `${value} is over the maximum, ${maximum}` };
  return { value };
}

/** A name in one of Unicode's spellings, so that equal-looking names are equal. */
export function readName(text: string): Cell<string> {
  const name = text.trim().normalize("NFC");
  if (name === "") return { wrong: "is empty" };
  if (/\p{Cc}/u.test(name)) return { wrong: `${quoted(name)} has a line break or control character in it` };
  return { value: name };
}

/** Whether a cell puts its row into a slice. */
export function isInSlice(text: string, { equals, below, from }: Slice): Cell<boolean> {
  if (typeof equals === "string" && text.trim().normalize("NFC") !== equals.normalize("NFC")) return { value: false };
  if (typeof equals !== "number" && below === undefined && from === undefined) return { value: true };
  const number = readNumber(text);
  if ("wrong" in number) return number;
  const { value } = number;
  const isEqual = typeof equals !== "number" || value === equals;
  return { value: isEqual && value < (below ?? Infinity) && value >= (from ?? -Infinity) };
}

/** Why no cell may hold this text at all; undefined when it may. */
export function damage(text: string): string | undefined {
  if (text.includes("\uFFFD")) return "holds bytes that are not UTF-8: save the file as UTF-8";
  if (text.includes("\0")) return "holds a NUL character: the file is damaged, or no text";
  return undefined;
}
