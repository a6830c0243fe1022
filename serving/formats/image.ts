import { flatten } from "#training/package/nested.ts";
import type { NestedNumbers } from "#training/package/package.ts";
import { type RequestFormat, UnfitBodyError } from "./format.ts";
import { isJpeg, pixelsOfJpeg } from "./jpeg.ts";
import { isPng, pixelsOfPng } from "./png.ts";

const digits = 24; // of a number in JSON, with what separates it from the next

/**
 * A colour image of the model's own size: as numbers in JSON, as a PNG, a JPEG, or as plain bytes; each of these three in
 * JSON too, in base64. `shape` is height, width and 3.
 * The model's input is red, green and blue of each pixel, row by row, as fractions of full brightness: 0 to 1.
 */
export function imageFormat(shape: readonly [number, number, number], example: NestedNumbers): RequestFormat {
  const [height, width, channels] = shape;
  const bytes = height * width * channels;
  const room = createRoom(bytes);
  const pixelsOfBytes = (body: Buffer): Float32Array => {
    if (body.length === bytes) return fractionsOf(body, room());
    throw new UnfitBodyError(`has ${body.length} bytes, where ${bytes} are needed: ${shape.join(" x ")}`);
  };
  const pixelsOf = (body: Buffer) => {
    if (isPng(body)) return pixelsOfPng(body, { width, height });
    return isJpeg(body) ? pixelsOfJpeg(body, { width, height }) : pixelsOfBytes(body);
  };
  const numbers = {
    ...nestedSchema(shape),
    description: `Rows of pixels, each pixel red, green and blue as fractions of full brightness, 0 to 1: ${shape.join(" x ")} numbers. Divide bytes by 255`,
  };
  const text = {
    type: "object",
    additionalProperties: false,
    required: ["image"],
    properties: {
      image: {
        type: "string",
        contentEncoding: "base64",
        description: `In base64, ${bytes} bytes (red, green and blue of each pixel), or a PNG or JPEG of ${width} x ${height} pixels`,
      },
    },
  };
  const exampleBytes = Uint8Array.from(flatten([example], shape), (fraction) => Math.round(fraction * 255));
  return {
    schema: {
      description: "An image as numbers, or as bytes in base64",
      if: { type: "array" }, // and not anyOf, which would tell of a wrong number that it is no object
      // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
      then: numbers,
      else: text,
      examples: [example, { image: Buffer.from(exampleBytes).toString("base64") }],
    },
    bodyLimitBytes: 65_536 + digits * bytes,
    encode: (body) =>
      Array.isArray(body)
        ? flatten([body as NestedNumbers], shape)
        : pixelsOf(bytesOf((body as { image: string }).image)),
    tensor: {
      datatype: "FP32",
      shape,
      fault: (values) => {
        const odd = values.find((value) => !(value >= 0 && value <= 1));
        return odd === undefined ? undefined : `${odd} is no fraction of full brightness, 0 to 1: divide bytes by 255`;
      },
    },
    binary: {
      "image/png": {
        description: `A PNG of ${width} x ${height} pixels, in colours or grey, without transparency`,
        bodyLimitBytes: 65_536 + 8 * bytes,
        decode: (body) => pixelsOfPng(body, { width, height }),
      },
      "image/jpeg": {
        description: `A JPEG of ${width} x ${height} pixels, in colours or grey`,
        bodyLimitBytes: 65_536 + 8 * bytes,
        decode: (body) => pixelsOfJpeg(body, { width, height }),
      },
      "application/octet-stream": {
        description: `${bytes} bytes: red, green and blue of each pixel, row by row from the top`,
        bodyLimitBytes: 65_536 + bytes, // so that bodies of a wrong size are told which one is right
        decode: pixelsOfBytes,
      },
    },
  };
}

/** Buffer leaves out what is no base64, so that the way back leads elsewhere. */
function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") === base64) return bytes;
  throw new UnfitBodyError("holds an image that is not base64");
}

const fractions = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** A loop, since `Float32Array.from` with a function takes ten times as long. */
function fractionsOf(bytes: Uint8Array, room: Float32Array): Float32Array {
  for (let at = 0; at < bytes.length; at++) room[at] = fractions[bytes[at] ?? 0] ?? 0;
  return room;
}

const mostAtOnce = 2 ** 17; // numbers

/** Gives room for so many numbers, out of a block for many: to get as little as an image's from the system costs as much as to fill it. */
function createRoom(size: number): () => Float32Array {
  const length = size * Math.max(1, Math.floor(mostAtOnce / size));
  let block = new Float32Array();
  let at = 0;
  return () => {
    if (at === block.length) [block, at] = [new Float32Array(length), 0];
    at += size;
    return block.subarray(at - size, at);
  };
}

function nestedSchema([length, ...inner]: readonly number[]): object {
  if (length === undefined) return { type: "number", minimum: 0, maximum: 1 };
  return { type: "array", minItems: length, maxItems: length, items: nestedSchema(inner) };
}
