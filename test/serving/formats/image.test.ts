import { deflateSync } from "node:zlib";
import { Validator } from "@seriousme/openapi-schema-validator";
import { encode, type ImageData } from "fast-png";
import { afterEach, describe, expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import { imageFormat } from "#serving/formats/image.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import type { Served } from "#serving/load.ts";
import { reference } from "#test/parts/iris-served.ts";
import type { NestedNumbers } from "#training/package/package.ts";

const size = { width: 4, height: 3 };
const shape = [size.height, size.width, 3] as const;
const bytes = Uint8Array.from({ length: 36 }, (_, at) => (at * 7) % 256);
const fractions = Float32Array.from(bytes, (value) => value / 255);
const nested: NestedNumbers = Array.from({ length: 3 }, (_, row) =>
  Array.from({ length: 4 }, (__, column) => [...fractions.slice((row * 4 + column) * 3, (row * 4 + column) * 3 + 3)]),
);
const png = (image: Partial<ImageData> = {}) =>
  Buffer.from(encode({ ...size, channels: 3, depth: 8, data: bytes, ...image }));

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** An application whose model remembers what it was asked. */
async function start() {
  const asked: Float32Array[] = [];
  const served: Served = {
    kind: "model",
    lineage: { name: "pictures", version: "1" },
    classes: ["cat", "dog"],
    format: imageFormat([...shape], nested),
    signature: { inputs: { dtype: "float32", shape: [-1, 3, 4, 3] }, outputs: { dtype: "float32", shape: [-1, 2] } },
    reference: { ...reference, labels: [2, 2], predictions: [2, 2] },
    engine: {
      predict: (input) => {
        asked.push(input);
        return Float32Array.of(0.75, 0.25);
      },
      unavailable: () => undefined,
      close: async () => undefined,
    },
  };
  const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 1000 };
  const app = await buildApp({ served, lifecycle: createLifecycle(served), limits });
  open.push(() => app.close());
  const predict = (payload: Buffer | object | string, type: string) =>
    app.inject({ method: "POST", url: "/predict", headers: { "content-type": type }, payload });
  return { app, asked, predict };
}

const inBase64 = (content: Uint8Array) => ({ image: Buffer.from(content).toString("base64") });

test("pictures that wait together keep their own pixels, however many", () => {
  const { binary } = imageFormat([...shape], nested);
  const pictures = Array.from({ length: 5000 }, (_, at) => Buffer.from(bytes.map((value) => (value + at) % 256)));
  const inputs = pictures.map((picture) => binary?.["application/octet-stream"]?.decode(picture));
  const expected = pictures.map((picture) => Float32Array.from(picture, (value) => value / 255));
  expect(inputs).toEqual(expected);
});

test("the same image as numbers, as a PNG and as bytes, in base64 or not, is the same input", async () => {
  const { asked, predict } = await start();
  const answers = [
    await predict(nested as number[], "application/json"),
    await predict(png(), "image/png"),
    await predict(inBase64(bytes), "application/json"),
    await predict(inBase64(png()), "application/json"),
    await predict(Buffer.from(bytes), "application/octet-stream"),
    await predict(Buffer.from(bytes), "Application/Octet-Stream; charset=binary"),
  ];
  for (const answer of answers) {
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ class: "cat", probabilities: { cat: 0.75, dog: 0.25 } });
  }
  expect(asked).toHaveLength(answers.length);
  for (const input of asked) expect(input).toEqual(fractions);
});

describe("a PNG is read when it is", () => {
  const grey = Uint8Array.from({ length: 12 }, (_, at) => at * 20);
  const spread = (values: ArrayLike<number>, full: number) =>
    Float32Array.from({ length: 36 }, (_, at) => (values[Math.floor(at / 3)] ?? 0) / full);
  const opaque = Uint8Array.from({ length: 48 }, (_, at) =>
    at % 4 === 3 ? 255 : (bytes[Math.floor(at / 4) * 3 + (at % 4)] ?? 0),
  );
  const deep = Uint16Array.from(grey, (value) => value * 257);
  const palette = [
    [255, 0, 0],
    [0, 0, 255],
  ] as [number, number, number][];
  const indices = Uint8Array.from({ length: 12 }, (_, at) => at % 2);
  const cases: [string, Buffer, Float32Array][] = [
    ["grey", png({ channels: 1, data: grey }), spread(grey, 255)],
    ["of 16 bits", png({ channels: 1, depth: 16, data: deep }), spread(deep, 65_535)],
    ["opaque with an alpha channel", png({ channels: 4, data: opaque }), fractions],
    [
      "of a palette",
      png({ channels: 1, data: indices, palette }),
      Float32Array.from({ length: 36 }, (_, at) => (palette[Math.floor(at / 3) % 2]?.[at % 3] ?? 0) / 255),
    ],
    [
      "interlaced",
      Buffer.from(encode({ ...size, channels: 3, depth: 8, data: bytes }, { interlace: "Adam7" })),
      fractions,
    ],
  ];
  test.each(cases)("%s", async (_, body, input) => {
    const { asked, predict } = await start();
    const response = await predict(body, "image/png");
    expect(response.json()).toMatchObject({ class: "cat" });
    expect(asked[0]).toEqual(input);
  });
});

describe("422 and the reason for", () => {
  const clear = Uint8Array.from({ length: 48 }, (_, at) => (at % 4 === 3 ? 254 : 9));
  const whole = png();
  const damagedAt = (at: number) => Buffer.from(whole.with(at, (whole[at] ?? 0) ^ 0xff));
  const cases: [string, string, Buffer | object, string][] = [
    [
      "a PNG of another size",
      "image/png",
      png({ width: 3, height: 4 }),
      "is a picture of 3 x 4 pixels, where 4 x 3 are needed",
    ],
    ["no PNG", "image/png", Buffer.from("GIF89a and more"), "is not a PNG"],
    ["half a PNG", "image/png", whole.subarray(0, whole.length / 2), "is a PNG that is cut off or damaged"],
    ["a PNG whose pixels are damaged", "image/png", damagedAt(50), "is a PNG that can't be read"],
    ["a PNG whose checksum is wrong", "image/png", damagedAt(whole.length - 13), "is a PNG that can't be read: CRC"],
    ["a PNG with transparent pixels", "image/png", png({ channels: 4, data: clear }), "has transparent pixels"],
    ["a PNG that unpacks to a hundred times its size", "image/png", bomb(), "is a PNG that can't be read"],
    ["no JPEG", "image/jpeg", whole, "is not a JPEG"],
    ["bytes too few", "application/octet-stream", Buffer.alloc(35), "has 35 bytes, where 36 are needed: 3 x 4 x 3"],
    ["bytes too many", "application/octet-stream", Buffer.alloc(3072), "has 3072 bytes, where 36 are needed"],
    ["a number over 1", "application/json", [[[255]]], "0.0.0 must be <= 1"],
    ["rows too few", "application/json", (nested as number[]).slice(1), "body must NOT have fewer than 3 items"],
    ["text for a number", "application/json", [[["1"]]], "0.0.0 must be number"],
    ["numbers where base64 is expected", "application/json", { image: nested }, "image must be string"],
    ["no image", "application/json", {}, "image is missing"],
    ["a field more", "application/json", { ...inBase64(bytes), size: 3 }, "size is not known"],
    ["no base64", "application/json", { image: "<36 bytes>" }, "holds an image that is not base64"],
    ["base64 with a line break", "application/json", { image: "AAAA\nAAAA" }, "holds an image that is not base64"],
    ["bytes too few in base64", "application/json", inBase64(bytes.slice(1)), "has 35 bytes, where 36 are needed"],
    ["no byte in base64", "application/json", { image: "" }, "has 0 bytes, where 36 are needed"],
    [
      "half a PNG in base64",
      "application/json",
      inBase64(whole.subarray(0, 40)),
      "is a PNG that is cut off or damaged",
    ],
    ["text alone", "application/json", Buffer.from('"AAAA"'), "body must be object"],
  ];
  test.each(cases)("%s", async (_, type, body, reason) => {
    const { asked, predict } = await start();
    const response = await predict(body, type);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toContain(reason);
    expect(response.json().errors[0]).toMatchObject({ field: expect.any(String), reason: expect.any(String) });
    expect(asked).toEqual([]);
  });
});

test("bodies beyond any image are cut off, and other media types refused", async () => {
  const { predict } = await start();
  for (const type of ["image/png", "image/jpeg", "application/octet-stream", "application/json"]) {
    expect((await predict(Buffer.alloc(10_000_000), type)).statusCode).toBe(413);
  }
  expect((await predict(png(), "image/gif")).statusCode).toBe(415);
  expect((await predict("", "image/png")).statusCode).toBe(422);
});

test("the OpenAPI document is valid and shows all kinds of bodies", async () => {
  const { app } = await start();
  const document = (await app.inject("/docs/json")).json();
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  const { content } = document.paths["/predict"].post.requestBody;
  expect(Object.keys(content)).toEqual(["application/json", "image/png", "image/jpeg", "application/octet-stream"]);
  const { then: numbers, else: text } = content["application/json"].schema;
  expect(numbers).toMatchObject({ type: "array", minItems: 3, maxItems: 3 });
  expect(text).toMatchObject({ required: ["image"], properties: { image: { type: "string", format: "byte" } } });
});

/** A PNG of the right size whose pixels unpack to megabytes. */
function bomb(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type, "latin1"), data, Buffer.alloc(4)]);
  };
  const start = png().subarray(0, 33);
  return Buffer.concat([start, chunk("IDAT", deflateSync(Buffer.alloc(20_000_000))), chunk("IEND", Buffer.alloc(0))]);
}
