import { createHash } from "node:crypto";
import { BadInputError } from "#config/bad-input.ts";
import type { Cifar10Data } from "#config/images.ts";
import type { DataSummary } from "#training/candidate.ts";
import { channels, type Images, imageBytes, readCifar10, side } from "./cifar10-files.ts";
import type { Dataset, Examples } from "./dataset.ts";
import { fingerprint } from "./fingerprint.ts";
import { quoted } from "./problems.ts";
import { type Role, roleNames, roleOf } from "./roles.ts";
import type { Source } from "./source.ts";

/** Where the images of each role lie in the files, and what all of them are. */
interface Roles {
  contents: readonly string[]; // hash of each image's pixels
  ids: readonly string[];
  places: Record<Role, Uint32Array>;
}

/**
 * Reads CIFAR-10's files. Images stay bytes; `read` gives them as fractions of full brightness, 0 to 1. The test batch is
 * test; the others' images are train or validation by their content, and left out where the test batch has the same one.
 * @throws BadInputError naming file, record and reason.
 */
export async function loadCifar10(data: Cifar10Data, source: Source): Promise<Dataset> {
  const name = source.name(data.path);
  const images = await readCifar10(source, data.path);
  const roles = assignRoles(images, data);
  checkShares(images, roles, name);
  const leftOut = images.labels.length - roleNames.reduce((sum, role) => sum + roles.places[role].length, 0);
  if (leftOut > 0)
    source.info(`${name}: left out ${leftOut} of ${images.trainCount} training images, which the test batch has too`);
  return {
    classes: images.classes,
    inputShape: [side, side, channels],
    train: examplesOf("train", images, roles),
    validation: examplesOf("validation", images, roles),
    test: examplesOf("test", images, roles),
    summary: summarise(images, roles),
  };
}

function assignRoles({ pixels, labels, trainCount }: Images, { roles }: Cifar10Data): Roles {
  const contents = Array.from(labels, (_, place) =>
    createHash("sha256")
      .update(pixels.subarray(place * imageBytes, (place + 1) * imageBytes))
      .digest("hex"),
  );
  const tested = new Set(contents.slice(trainCount));
  const copies = new Map<string, number>();
  const ids = contents.map((content) => {
    const copy = (copies.get(content) ?? 0) + 1;
    copies.set(content, copy);
    return copy === 1 ? content.slice(0, 16) : `${content.slice(0, 16)}-${copy}`;
  });
  const places: Record<Role, number[]> = { train: [], validation: [], test: [] };
  for (const [place, content] of contents.entries()) {
    if (place >= trainCount) places.test.push(place);
    else if (!tested.has(content)) places[roleOf(content, { ...roles, test: 0 })].push(place);
  }
  const { train, validation, test } = places;
  return {
    contents,
    ids,
    places: { train: Uint32Array.from(train), validation: Uint32Array.from(validation), test: Uint32Array.from(test) },
  };
}

function checkShares({ classes, labels }: Images, { places }: Roles, name: string): void {
  for (const role of roleNames) {
    if (places[role].length > 0) continue;
    throw new BadInputError(`${name}: no image is left for ${role}: add images, or change data.roles`);
  }
  const trained = new Set(Array.from(places.train, (place) => labels[place]));
  const absent = classes.filter((_, label) => !trained.has(label));
  if (absent.length === 0) return;
  throw new BadInputError(`${name}: no training image is of the class ${absent.map(quoted).join(", ")}: add some`);
}

function examplesOf<R extends Role>(role: R, { classes, labels, pixels }: Images, { ids, places }: Roles): Examples<R> {
  const own = places[role];
  const at = (index: number): number => {
    const place = own[index];
    if (place === undefined) throw new RangeError(`${role} has ${own.length} examples: there is no ${index}`);
    return place;
  };
  const label = (index: number) => labels[at(index)] ?? -1;
  return {
    role,
    length: own.length,
    inputShape: [side, side, channels],
    id: (index) => ids[at(index)] ?? "",
    label,
    slices: (index) => [`class=${classes[label(index)]}`],
    async read(indices) {
      const inputs = new Float32Array(indices.length * imageBytes);
      for (const [row, index] of indices.entries()) {
        const from = at(index) * imageBytes;
        for (let byte = 0; byte < imageBytes; byte++)
          inputs[row * imageBytes + byte] = (pixels[from + byte] ?? 0) / 255;
      }
      return { inputs, labels: Int32Array.from(indices, label) };
    },
  };
}

function summarise({ classes, labels }: Images, { contents, places }: Roles): DataSummary {
  const rows = contents.map((content, place) => `${labels[place]} ${content}`);
  const copies = Map.groupBy(rows, (row) => row);
  const digest = (role: Role) => fingerprint(Array.from(places[role], (place) => rows[place] ?? ""));
  return {
    fingerprint: fingerprint(rows),
    validationFingerprint: digest("validation"),
    testFingerprint: digest("test"),
    rows: { train: places.train.length, validation: places.validation.length, test: places.test.length },
    classes: Object.fromEntries(
      classes.map((name, label) => [name, labels.reduce((count, each) => count + Number(each === label), 0)]),
    ),
    duplicates: rows.filter((row) => (copies.get(row)?.length ?? 0) > 1).length,
  };
}
