import { setImmediate } from "node:timers/promises";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, test } from "vitest";
import { UnfitBodyError } from "#serving/formats/format.ts";
import { isJpeg, pixelsOfJpeg } from "#serving/formats/jpeg.ts";
import { runOracle } from "#test/parts/python.ts";

const size = { width: 32, height: 24 };
const told = await runOracle("test/serving/formats/jpeg_oracle.py", size);
const kinds = Object.entries(told as Record<string, { jpeg: string; pixels: number[] }>).map(
  ([kind, { jpeg, pixels }]) => ({ kind, jpeg: Buffer.from(jpeg, "base64"), pixels: Float32Array.from(pixels, byte) }),
);
const [printed, ...pictures] = [kinds.at(-1), ...kinds.slice(0, -1)];
const [first] = pictures;

function byte(value: number): number {
  return value / 255;
}

test.each(pictures)("a JPEG $kind has the pixels that Pillow reads", ({ jpeg, pixels }) => {
  expect(isJpeg(jpeg)).toBe(true);
  expect(pixelsOfJpeg(jpeg, size)).toEqual(pixels);
});

test.each<[string, Buffer, RegExp]>([
  ["no JPEG", Buffer.from("\x89PNG and more", "latin1"), /^is not a JPEG/],
  ["nothing", Buffer.alloc(0), /^is not a JPEG/],
  ["a beginning alone", first?.jpeg.subarray(0, 12) ?? Buffer.alloc(0), /^is not a JPEG, or one that is cut off$/],
  ["half a JPEG", first?.jpeg.subarray(0, -200) ?? Buffer.alloc(0), /^is a JPEG that can't be read: Premature end/],
  ["colours of print", printed?.jpeg ?? Buffer.alloc(0), /^is a JPEG that can't be read: Unsupported color/],
])("%s is told", (_, body, reason) => {
  const read = () => pixelsOfJpeg(body, size);
  expect(read).toThrow(UnfitBodyError);
  expect(read).toThrow(reason);
});

test("another size is told before anything is unpacked", () => {
  const other = Buffer.from(first?.jpeg ?? []);
  const frame = other.indexOf(Buffer.from([0xff, 0xc0]));
  other.writeUInt16BE(0xffff, frame + 5);
  other.writeUInt16BE(0xffff, frame + 7);
  expect(() => pixelsOfJpeg(other, size)).toThrow("is a picture of 65535 x 65535 pixels, where 32 x 24 are needed");
});

test("whatever is damaged is told or read, and the next picture is what it was", async () => {
  const random = xoroshiro128plus(5);
  for (const { jpeg, pixels } of pictures) {
    for (let round = 0; round < 400; round++) {
      const damaged = Buffer.from(jpeg);
      for (let change = 0; change < 3; change++) damaged[(random.next() >>> 0) % damaged.length] = random.next();
      try {
        expect(pixelsOfJpeg(damaged, size)).toHaveLength(pixels.length);
      } catch (error) {
        expect(error).toBeInstanceOf(UnfitBodyError);
      }
      await setImmediate(); // as from one request to the next
    }
    expect(pixelsOfJpeg(jpeg, size)).toEqual(pixels);
  }
});
