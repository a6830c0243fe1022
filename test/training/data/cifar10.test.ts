import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { exitCodeOf } from "#config/exit-code.ts";
import { cifar10Files, classes, loadCifar10Files, record, recordBytes } from "#test/parts/cifar10.ts";
import { idsByRole } from "#test/parts/table-data.ts";

const files = cifar10Files();

describe("CIFAR-10 files are refused with file, record and reason when", () => {
  const bad = (name: string, change: (bytes: Buffer) => Buffer) => ({
    ...files,
    [name]: change(Buffer.from(files[name] ?? [])),
  });
  const cases: [string, Record<string, Buffer>, string[]][] = [
    [
      "a batch is missing",
      Object.fromEntries(Object.entries(files).filter(([name]) => !/[35]/.test(name))),
      ["data_batch_3.bin is missing", "data_batch_5.bin is missing"],
    ],
    [
      "a batch is cut off inside a record",
      bad("data_batch_2.bin", (bytes) => bytes.subarray(0, -100)),
      [`data_batch_2.bin, record 40: has ${recordBytes - 100} of ${recordBytes} bytes: the file is cut off`],
    ],
    ["a batch is empty", bad("test_batch.bin", () => Buffer.alloc(0)), ["test_batch.bin is empty"]],
    [
      "records have labels that there are not",
      bad("data_batch_4.bin", (bytes) => {
        bytes[0] = 10;
        bytes[recordBytes * 7] = 255;
        return bytes;
      }),
      ["data_batch_4.bin, record 1: the label is 10", "data_batch_4.bin, record 8: the label is 255"],
    ],
    [
      "class names are missing",
      bad("batches.meta.txt", () => Buffer.from("cat\ndog\n")),
      ["batches.meta.txt names 2 classes, where there are ten"],
    ],
    [
      "a class name stands twice",
      bad("batches.meta.txt", () => Buffer.from(classes.join("\n").replace("dog", "cat"))),
      ['batches.meta.txt names the class "cat" twice'],
    ],
    [
      "class names are not UTF-8",
      bad("batches.meta.txt", () => Buffer.from(classes.join("\n").replace("dog", "d\xf6g"), "latin1")),
      ["batches.meta.txt names a class", "which is no text"],
    ],
    [
      "no training image is of some class",
      { ...files, ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, record(n, n)])) },
      ["no training image is of the class", '"airplane"'],
    ],
    [
      "the test batch is copied from the others",
      { ...files, "test_batch.bin": Buffer.concat(Object.values(files).slice(0, 5)) },
      ["no image is left for train"],
    ],
  ];
  test.each(cases)("%s", async (_, given, reasons) => {
    const error = await loadCifar10Files(given).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(BadInputError);
    expect(exitCodeOf(error)).toBe(42);
    for (const reason of ["cifar10", ...reasons]) expect((error as Error).message).toContain(reason);
  });
});

test("an image is rows of pixels, each red, green and blue from 0 to 1", async () => {
  const { test: examples, classes: names } = await loadCifar10Files(files);
  const original = files["test_batch.bin"] ?? Buffer.alloc(0);
  const place = 13;
  const { inputs, labels } = await examples.read([place]);
  expect(examples.inputShape).toEqual([32, 32, 3]);
  expect([...labels]).toEqual([original[place * recordBytes]]);
  expect(examples.slices(place)).toEqual([`class=${names[labels[0] ?? -1]}`]);
  for (const [row, column, channel] of [
    [0, 0, 0],
    [3, 31, 1],
    [31, 5, 2],
  ] as const) {
    const byte = original[place * recordBytes + 1 + channel * 1024 + row * 32 + column] ?? Number.NaN;
    expect(inputs[(row * 32 + column) * 3 + channel]).toBe(Math.fround(byte / 255));
  }
});

test("the test batch is test, the other batches are train and validation by content", async () => {
  const { train, validation, test: tested, summary } = await loadCifar10Files(files);
  expect(tested.length).toBe(60);
  expect(train.length + validation.length).toBe(200);
  expect(validation.length).toBeGreaterThan(5);
  expect(validation.length).toBeLessThan(40);
  expect(summary.rows).toEqual({ train: train.length, validation: validation.length, test: 60 });
  expect(Object.values(summary.classes)).toEqual(classes.map(() => 26));
});

test("roles, ids and fingerprints follow the content: order and added images change none of the old ones", async () => {
  const before = await loadCifar10Files(files);
  const first = files["data_batch_1.bin"] ?? Buffer.alloc(0);
  const turned = Buffer.concat([first.subarray(recordBytes), first.subarray(0, recordBytes)]);
  const moved = await loadCifar10Files({ ...files, "data_batch_1.bin": turned });
  expect(moved.summary).toEqual(before.summary);
  const sets = (roles: ReturnType<typeof idsByRole>) => Object.values(roles).map((ids) => ids.toSorted());
  expect(sets(idsByRole(moved))).toEqual(sets(idsByRole(before)));
  const more = await loadCifar10Files({ ...files, "data_batch_1.bin": Buffer.concat([first, record(3, 999)]) });
  expect(idsByRole(more).train).toEqual(expect.arrayContaining(idsByRole(before).train));
  expect(more.summary.testFingerprint).toBe(before.summary.testFingerprint);
  expect(more.summary.fingerprint).not.toBe(before.summary.fingerprint);
});

test("copies share a role and are counted; training images that the test batch has too are left out, and said", async () => {
  const twin = record(1, 5000);
  const tested = (files["test_batch.bin"] ?? Buffer.alloc(0)).subarray(0, recordBytes);
  const told: string[] = [];
  const withCopies = {
    ...files,
    "data_batch_1.bin": Buffer.concat([files["data_batch_1.bin"] ?? Buffer.alloc(0), twin, tested]),
    "data_batch_2.bin": Buffer.concat([files["data_batch_2.bin"] ?? Buffer.alloc(0), twin]),
  };
  const dataset = await loadCifar10Files(withCopies, { told });
  expect(dataset.summary.duplicates).toBe(4);
  expect(told).toEqual([expect.stringContaining("left out 1 of 203 training images, which the test batch has too")]);
  expect(dataset.train.length + dataset.validation.length).toBe(202);
  const planes = twin.subarray(1);
  const pixels = Buffer.from(
    Array.from({ length: 3072 }, (_, at) => planes[(at % 3) * 1024 + Math.floor(at / 3)] ?? 0),
  );
  const id = createHash("sha256").update(pixels).digest("hex").slice(0, 16);
  const ids = idsByRole(dataset);
  const roles = Object.entries(ids).filter(([, all]) => all.includes(id) || all.includes(`${id}-2`));
  expect(roles).toHaveLength(1);
  expect(roles[0]?.[1]).toEqual(expect.arrayContaining([id, `${id}-2`]));
});
