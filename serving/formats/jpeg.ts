import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import createModule, { type MozJPEGModule } from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { UnfitBodyError } from "./format.ts";
import { checkSize, type PictureSize } from "./picture-size.ts";

const [startOfImage, endOfImage] = [Buffer.from([0xff, 0xd8, 0xff]), Buffer.from([0xff, 0xd9])];
const mostFailures = 16; // of one decoder, which lasts for some 70

/** Whether the bytes begin and end as a JPEG does. */
export function isJpeg(bytes: Buffer): boolean {
  return bytes.subarray(0, 3).equals(startOfImage) && bytes.subarray(-2).equals(endOfImage);
}

/**
 * Red, green and blue of each pixel, row by row, as fractions of full brightness: 0 to 1, by libjpeg (MozJPEG) in WebAssembly.
 * Colours or grey are taken, sequential or progressive, if the picture has the wanted size, which is checked before anything
 * is unpacked. An orientation in its EXIF data is not heeded: pixels are taken as they are stored.
 * @throws UnfitBodyError when the bytes are no such picture, or one that is damaged.
 */
export function pixelsOfJpeg(bytes: Buffer, size: PictureSize): Float32Array {
  const actual = sizeOf(bytes);
  if (!actual) throw new UnfitBodyError("is not a JPEG, or one that is cut off");
  checkSize(actual, size);
  const pixels = decode(bytes); // red, green, blue and nothing to see through, of each
  const fractions = new Float32Array(3 * size.width * size.height);
  for (let at = 0, from = 0; at < fractions.length; from++) {
    for (let colour = 0; colour < 3; colour++) fractions[at++] = (pixels[from++] ?? 0) / 255;
  }
  return fractions;
}

/** What the frame header says (ITU-T T.81, B.2.2); `undefined` when there is none. */
function sizeOf(bytes: Buffer): PictureSize | undefined {
  if (!bytes.subarray(0, 3).equals(startOfImage)) return undefined;
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    while (bytes[at + 1] === 0xff) at += 1; // any number of these may stand before a marker
    if (at + 9 > bytes.length) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
  }
  return undefined;
}

// What the decoder makes its answer with; Node has none.
Object.assign(globalThis, {
  ImageData: class {
    readonly data: Uint8ClampedArray;
    constructor(data: Uint8ClampedArray) {
      this.data = data;
    }
  },
});

interface WebAssembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (program: object, imports: object) => { readonly exports: object };
}

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssembly }; // Node's types leave it out
const file = fileURLToPath(import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"));
const program = new WebAssembly.Module(readFileSync(file));
let complaints: string[] = []; // of libjpeg on the newest picture, in its own words
let failures = 0;
let decoder = await createDecoder();

function decode(bytes: Buffer): Uint8ClampedArray {
  complaints = [];
  try {
    const decoded = decoder.decode(bytes, false);
    if (decoded && complaints.length === 0) return decoded.data;
  } catch (error) {
    failures += 1;
    if (failures % mostFailures === 0) void replaceDecoder();
    complaints.push(error instanceof Error ? error.message : String(error));
  }
  throw new UnfitBodyError(`is a JPEG that can't be read: ${complaints[0]}`);
}

/** A failure takes a piece of the decoder's stack for good. The new one is there before the next request is looked at. */
async function replaceDecoder(): Promise<void> {
  decoder = await createDecoder();
}

async function createDecoder(): Promise<MozJPEGModule> {
  const options = {
    noInitialRun: true,
    printErr: (line: string) => void complaints.push(line),
    instantiateWasm(imports: object, done: (instance: object) => void) {
      const instance = new WebAssembly.Instance(program, imports);
      done(instance); // within this turn of the event loop, unlike what the library does by itself
      return instance.exports;
    },
  };
  return await createModule(options as unknown as Parameters<typeof createModule>[0]);
}
