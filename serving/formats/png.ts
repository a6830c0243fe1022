import { inflateSync } from "node:zlib";
import { convertIndexedToRgb, type DecodedPng, decode } from "fast-png";
import { UnfitBodyError } from "./format.ts";
import { checkSize, type PictureSize } from "./picture-size.ts";

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const overhead = 12; // bytes of a chunk around its data: length, type, checksum
const decoded = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]); // of the others, none changes a pixel's value

/** Whether the bytes begin as a PNG does. */
export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, signature.length).equals(signature);
}

/**
 * Red, green and blue of each pixel, row by row, as fractions of full brightness: 0 to 1. Any kind of PNG without
 * transparent pixels is taken, if it has the wanted size; the size is checked before anything is unpacked.
 * @throws UnfitBodyError when the bytes are no such picture.
 */
export function pixelsOfPng(bytes: Buffer, size: PictureSize): Float32Array {
  const essence = checkedPng(bytes, size);
  let png: DecodedPng;
  try {
    png = decode(essence, { checkCrc: true });
  } catch (error) {
    throw damaged(error);
  }
  return colours(png);
}

/** The chunks that make the picture, once it is sure that they unpack to no more than a picture of that size. */
function checkedPng(bytes: Buffer, size: PictureSize): Buffer {
  if (!isPng(bytes)) throw new UnfitBodyError("is not a PNG");
  const chunks = [...chunksOf(bytes)];
  const headers = chunks.filter(({ type }) => type === "IHDR");
  const header = headers[0]?.data;
  if (headers.length !== 1 || chunks[0]?.type !== "IHDR" || header?.length !== 13 || chunks.at(-1)?.type !== "IEND") {
    throw new UnfitBodyError("is a PNG that is cut off or damaged");
  }
  checkSize({ width: header.readUInt32BE(0), height: header.readUInt32BE(4) }, size);
  const mostBytes = 2 * size.height * (8 * size.width + 1); // the widest pixels, with room for interlacing
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  try {
    inflateSync(Buffer.concat(packed), { maxOutputLength: mostBytes });
  } catch (error) {
    throw damaged(error);
  }
  return Buffer.concat([signature, ...chunks.filter(({ type }) => decoded.has(type)).map(({ whole }) => whole)]);
}

/** Everything up to and with the chunk that ends the picture. */
function* chunksOf(bytes: Buffer): Generator<{ type: string; data: Buffer; whole: Buffer }> {
  for (let at = signature.length; at + overhead <= bytes.length; ) {
    const end = at + overhead + bytes.readUInt32BE(at);
    if (end > bytes.length) return;
    const type = bytes.toString("latin1", at + 4, at + 8);
    yield { type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    if (type === "IEND") return;
    at = end;
  }
}

function damaged(error: unknown): UnfitBodyError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UnfitBodyError(`is a PNG that can't be read: ${reason}`, { cause: error });
}

function colours(png: DecodedPng): Float32Array {
  const pixels = png.width * png.height;
  const { data, depth } = png.palette ? { data: palettePixels(png), depth: 8 } : png;
  if (depth < 8) throw new UnfitBodyError(`has ${depth} bits a pixel: send 8 or 16 bits, or a palette`);
  const channels = data.length / pixels;
  const full = 2 ** depth - 1;
  const hasAlpha = channels === 2 || channels === 4;
  const opaque = !hasAlpha || data.every((value, at) => at % channels !== channels - 1 || value === full);
  if (!opaque || png.transparency) throw new UnfitBodyError("has transparent pixels: put it on a background first");
  const isGrey = channels < 3;
  const fractions = new Float32Array(3 * pixels);
  for (let pixel = 0, at = 0; pixel < pixels; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      fractions[at++] = (data[pixel * channels + (isGrey ? 0 : colour)] ?? 0) / full;
    }
  }
  return fractions;
}

function palettePixels(png: DecodedPng): Uint8Array {
  try {
    return convertIndexedToRgb(png);
  } catch (error) {
    throw damaged(error);
  }
}
