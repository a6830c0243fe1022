import { flatten } from "#training/package/nested.ts";
import type { NestedNumbers } from "#training/package/package.ts";
import { type RequestFormat, UnfitBodyError } from "./format.ts";
import { pixelsOfPng } from "./png.ts";

const digits = 24; // of a number in JSON, with what separates it from the next

/**
 * A colour image of the model's own size: as numbers in JSON, as a PNG, or as plain bytes. `shape` is height, width and 3.
 * The model's input is red, green and blue of each pixel, row by row, as fractions of full brightness: 0 to 1.
 */
export function imageFormat(shape: readonly [number, number, number], example: NestedNumbers): RequestFormat {
  const [height, width, channels] = shape;
  const bytes = height * width * channels;
  return {
    schema: {
      ...nestedSchema(shape),
      description: `Rows of pixels, each pixel red, green and blue as fractions of full brightness, 0 to 1: ${shape.join(" x ")} numbers. Divide bytes by 255`,
      examples: [example],
    },
    bodyLimitBytes: 65_536 + digits * bytes,
    encode: (body) => flatten([body as NestedNumbers], shape),
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
      "application/octet-stream": {
        description: `${bytes} bytes: red, green and blue of each pixel, row by row from the top`,
        bodyLimitBytes: 65_536 + bytes, // so that bodies of a wrong size are told which one is right
        decode(body) {
          if (body.length === bytes) return fractionsOf(body);
          throw new UnfitBodyError(`has ${body.length} bytes, where ${bytes} are needed: ${shape.join(" x ")}`);
        },
      },
    },
  };
}

/** A loop, since `Float32Array.from` with a function takes ten times as long. */
function fractionsOf(bytes: Uint8Array): Float32Array {
  const fractions = new Float32Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) fractions[at] = (bytes[at] ?? 0) / 255;
  return fractions;
}

function nestedSchema([length, ...inner]: readonly number[]): object {
  if (length === undefined) return { type: "number", minimum: 0, maximum: 1 };
  return { type: "array", minItems: length, maxItems: length, items: nestedSchema(inner) };
}
