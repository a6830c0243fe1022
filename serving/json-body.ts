import { isUtf8 } from "node:buffer";

const maxDepth = 32;
const [quote, backslash, letterU] = Buffer.from('"\\u');
const deeper = new Int8Array(256); // what a byte outside of a string adds to the depth
for (const byte of Buffer.from("[{")) deeper[byte] = 1;
for (const byte of Buffer.from("]}")) deeper[byte] = -1;

/**
 * What makes a body unfit for exchange although a JSON parser may take it, after RFC 7493 (I-JSON): bytes that are
 * not UTF-8, an escaped surrogate without its other half, nesting beyond what any input here needs. `undefined`
 * when there is nothing; whether it is JSON at all is the parser's business.
 */
export function flawOf(body: Buffer): string | undefined {
  if (!isUtf8(body)) return "the body is not UTF-8";
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (byte === quote) inString = !inString;
    else if (inString && byte === backslash) {
      const length = escapeLength(body, at);
      if (length === undefined) return "the body holds half of a surrogate pair, which is no character";
      at += length - 1;
    } else if (!inString) {
      depth += deeper[byte] ?? 0;
      if (depth > maxDepth) return `the body is nested deeper than ${maxDepth} levels`;
    }
  }
  return undefined;
}

/** Bytes of the escape that starts at `at`, a surrogate pair being one; `undefined` for a surrogate alone. */
function escapeLength(body: Buffer, at: number): number | undefined {
  const first = codeUnit(body, at);
  if (first === undefined) return 2;
  if (first < 0xd800 || first > 0xdfff) return 6;
  const second = codeUnit(body, at + 6) ?? 0;
  return first < 0xdc00 && second >= 0xdc00 && second <= 0xdfff ? 12 : undefined;
}

function codeUnit(body: Buffer, at: number): number | undefined {
  if (body[at] !== backslash || body[at + 1] !== letterU) return undefined;
  return Number.parseInt(body.toString("latin1", at + 2, at + 6), 16) || 0;
}
