import { isUtf8 } from "node:buffer";

const maxDepth = 32;
const [quote, backslash, letterU] = [0x22, 0x5c, 0x75];

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
    const byte = body[at];
    if (byte === quote) inString = !inString;
    else if (inString && byte === backslash) {
      at += 1;
      if (body[at] !== letterU) continue;
      const unit = codeUnit(body, at + 1);
      at += 4;
      if (isLow(unit)) return loneSurrogate;
      if (!isHigh(unit)) continue;
      if (body[at + 1] !== backslash || body[at + 2] !== letterU || !isLow(codeUnit(body, at + 3)))
        return loneSurrogate;
      at += 6;
    } else if (!inString && (byte === 0x5b || byte === 0x7b)) {
      depth += 1;
      if (depth > maxDepth) return `the body is nested deeper than ${maxDepth} levels`;
    } else if (!inString && (byte === 0x5d || byte === 0x7d)) depth -= 1;
  }
  return undefined;
}

const loneSurrogate = "the body holds half of a surrogate pair, which is no character";

function codeUnit(body: Buffer, at: number): number {
  return Number.parseInt(body.toString("latin1", at, at + 4), 16);
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
