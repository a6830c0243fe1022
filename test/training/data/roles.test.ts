import { expect, test } from "vitest";
import { Roles } from "#config/data.ts";
import { idsByRole, loadCsv, rowsOfTwoKinds, tableData } from "#test/parts/table-data.ts";
import type { Examples } from "#training/data/dataset.ts";
import { roleOf } from "#training/data/roles.ts";

const header = "a,b,kind";
const rows = rowsOfTwoKinds(400);
const csv = (lines: readonly string[]) => [header, ...lines].join("\n");
const roleById = (ids: Record<string, string[]>) =>
  new Map(Object.entries(ids).flatMap(([role, members]) => members.map((id) => [id, role] as const)));

test("shares of the roles come out as configured", () => {
  const roles = Roles.parse({ validation: 0.3, test: 0.1 });
  const drawn = Map.groupBy(
    Array.from({ length: 20_000 }, (_, index) => roleOf(`row ${index}`, roles)),
    (role) => role,
  );
  expect(drawn.get("test")?.length).toBeGreaterThan(1850);
  expect(drawn.get("test")?.length).toBeLessThan(2150);
  expect(drawn.get("validation")?.length).toBeGreaterThan(5800);
  expect(drawn.get("validation")?.length).toBeLessThan(6200);
});

test("another salt draws other roles", async () => {
  const plain = idsByRole(await loadCsv(csv(rows)));
  const salted = idsByRole(await loadCsv(csv(rows), { data: tableData({ roles: { salt: "1" } }) }));
  expect(salted.test).not.toEqual(plain.test);
});

test("the order of the rows changes neither roles nor fingerprints", async () => {
  const one = await loadCsv(csv(rows));
  const other = await loadCsv(csv(rows.toReversed()));
  expect(other.summary).toEqual(one.summary);
  expect(idsByRole(other).test.toSorted()).toEqual(idsByRole(one).test.toSorted());
});

test("new rows leave the roles of the old ones alone", async () => {
  const before = roleById(idsByRole(await loadCsv(csv(rows))));
  const after = roleById(idsByRole(await loadCsv(csv([...rowsOfTwoKinds(900).slice(400), ...rows]))));
  expect([...before].filter(([id, role]) => after.get(id) !== role)).toEqual([]);
  expect(after.size).toBe(900);
});

test("copies share a role, however their numbers are written and whatever their label", async () => {
  const copies = rows.map((row) => row.replace(/^(\d+),/, "$1.0,").replace(/odd|even/, "odd"));
  const dataset = await loadCsv(csv([...rows, ...copies]));
  const roles = roleById(idsByRole(dataset));
  const originals = [...roles].filter(([id]) => !id.includes("-"));
  expect(originals).toHaveLength(400);
  expect(originals.filter(([id, role]) => roles.get(`${id}-2`) !== role)).toEqual([]);
  expect(dataset.summary.duplicates).toBe(400); // the 200 odd rows and their copies; the others differ in the label
});

test("rows of one group share a role", async () => {
  const grouped = rows.map((row, index) => `${row},patient ${index % 40}`);
  const dataset = await loadCsv([`${header},patient`, ...grouped].join("\n"), {
    data: tableData({ features: [{ name: "b" }], id: "a", group: "patient" }),
  });
  const roles = idsByRole(dataset);
  const groups = Object.values(roles).map((ids) => new Set(ids.map((id) => Number(id) % 40)));
  expect(groups.reduce((sum, group) => sum + group.size, 0)).toBe(40);
});

test("a row with an id keeps its role when its content is mended, and equal inputs that part are told", async () => {
  const told: string[] = [];
  const data = tableData({ features: [{ name: "b" }], id: "a" });
  const before = idsByRole(await loadCsv(csv(rows), { data, told }));
  const after = idsByRole(await loadCsv(csv(rows.map((row) => row.replace(",0.1,", ",0.15,"))), { data }));
  expect(after).toEqual(before);
  expect(told.join()).toContain("some rows of equal inputs have different roles, because data.id decides");
});

test("a changed value, label or id changes the fingerprint, and a copy does too", async () => {
  const fingerprint = async (lines: readonly string[]) => (await loadCsv(csv(lines))).summary.fingerprint;
  const [first = "", ...rest] = rows;
  const fingerprints = await Promise.all([
    fingerprint(rows),
    fingerprint([first.replace("odd", "even"), ...rest]),
    fingerprint([first.replace("0,0,", "0,0.5,"), ...rest]),
    fingerprint([first, first, ...rest]),
    fingerprint(rest),
  ]);
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
});

test("slices are the configured ones and the class", async () => {
  const slices = {
    low: { column: "a", below: 10 },
    middle: { column: "a", from: 10, below: 300 },
    even: { column: "kind", equals: "even" },
  };
  const { train } = await loadCsv(csv(rows), { data: tableData({ slices }) });
  const { inputs } = await train.read(Array.from({ length: train.length }, (_, index) => index));
  for (let index = 0; index < train.length; index++) {
    const a = inputs[index * 2] ?? Number.NaN;
    const expected = [
      a < 10 && "low",
      a >= 10 && a < 300 && "middle",
      a % 2 === 1 && "even",
      a % 2 === 1 ? "class=even" : "class=odd",
    ];
    expect(train.slices(index)).toEqual(expected.filter((name) => name !== false));
  }
});

test("what is read are the inputs as 32-bit floats and the labels as indices of the sorted classes", async () => {
  const dataset = await loadCsv(csv(rows));
  expect(dataset.classes).toEqual(["even", "odd"]);
  const { inputs, labels } = await dataset.validation.read([3, 0]);
  expect(inputs).toHaveLength(4);
  expect([...labels]).toEqual([dataset.validation.label(3), dataset.validation.label(0)]);
  expect((inputs[0] ?? 0) % 2).toBe(labels[0] === 1 ? 0 : 1);
  await expect(dataset.validation.read([dataset.validation.length])).rejects.toThrow("there is no");
});

test("test examples can't stand where train examples are asked for", async () => {
  const dataset = await loadCsv(csv(rows));
  const takesTrain = (examples: Examples<"train">) => examples.role;
  // @ts-expect-error: the compiler refuses it, which is the test
  expect(takesTrain(dataset.test)).toBe("test");
  expect(takesTrain(dataset.train)).toBe("train");
});
