import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { Cifar10Data } from "#config/images.ts";
import { cifar10Files, loadCifar10Files } from "#test/parts/cifar10.ts";
import { startFaultyProxy, times } from "#test/parts/faulty-proxy.ts";
import { type S3Server, startS3 } from "#test/parts/s3.ts";
import { idsByRole, tableData } from "#test/parts/table-data.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { dataManifest } from "#training/data/manifest.ts";
import { createFolderStorage } from "#training/storage/folder.ts";
import { openStorage } from "#training/storage/open.ts";

const iris = await readFile(resolve(import.meta.dirname, "../../../training/data/samples/iris.csv"));
const columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const shape = { path: "flowers/iris.csv", label: "species", features: columns.map((name) => ({ name })) };
let server: S3Server;

beforeAll(async () => {
  server = await startS3();
  await openStorage(`s3://${server.bucket}/data`, ".", server).write(shape.path, iris);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

function reachServerAt(endpoint: string): void {
  for (const [name, value] of Object.entries({ ...server.variables, AWS_ENDPOINT_URL_S3: endpoint })) {
    vi.stubEnv(name, value);
  }
}

test("data in S3 is the same data as in a folder", async () => {
  reachServerAt(server.endpoint);
  await using folder = await temporaryFolder();
  await createFolderStorage(join(folder.path, "data")).write(shape.path, iris);
  const here = tableData({ ...shape, root: join(folder.path, "data") });
  const there = tableData({ ...shape, root: `s3://${server.bucket}/data` });
  const [local, stored] = await Promise.all([loadDataset(here), loadDataset(there)]);
  expect(idsByRole(stored)).toEqual(idsByRole(local));
  expect(stored.summary.fingerprint).toBe(local.summary.fingerprint);
  const manifests = await Promise.all([dataManifest(here), dataManifest(there)]);
  expect(manifests[1]).toEqual(manifests[0]);
  expect(manifests[1]).toMatchObject([{ key: "flowers/iris.csv", size: iris.length }]);
  const whole = await dataManifest({ ...there, path: "flowers" });
  expect(whole).toEqual(manifests[1]);
});

test("images in S3 are the same images as in a folder, and a batch that is not there is named", async () => {
  reachServerAt(server.endpoint);
  const files = cifar10Files();
  const local = await loadCifar10Files(files);
  const root = `s3://${server.bucket}/images`;
  const storage = openStorage(root, ".", server);
  for (const [name, bytes] of Object.entries(files)) await storage.write(`cifar10/${name}`, bytes);
  const there = Cifar10Data.parse({ format: "cifar10", root });
  const stored = await loadDataset(there);
  expect(stored.summary).toEqual(local.summary);
  expect(await stored.test.read([3, 9])).toEqual(await local.test.read([3, 9]));
  await storage.delete("cifar10/data_batch_3.bin");
  await expect(loadDataset(there)).rejects.toThrow(`${root}/cifar10: data_batch_3.bin is missing`);
});

test("a download of data that breaks goes on, and loads the same data", async () => {
  await using proxy = await startFaultyProxy(server.endpoint);
  reachServerAt(proxy.uri);
  const isGet = (request: { method: string; query: URLSearchParams }) =>
    request.method === "GET" && !request.query.has("list-type");
  proxy.fault = times(2, { kind: "truncate", afterBytes: 1000 }, isGet);
  const dataset = await loadDataset(tableData({ ...shape, root: `s3://${server.bucket}/data` }));
  expect(dataset.train.length + dataset.validation.length + dataset.test.length).toBe(150);
  expect(proxy.seen.filter(isGet)).toHaveLength(3);
});

test("data that is not in the bucket, and a bucket that is not there, are refused by name", async () => {
  reachServerAt(server.endpoint);
  const absent = loadDataset(tableData({ ...shape, root: `s3://${server.bucket}/data`, path: "absent.csv" }));
  await expect(absent).rejects.toThrow(BadInputError);
  await expect(absent).rejects.toThrow(`s3://${server.bucket}/data/absent.csv: no such object`);
  const nowhere = loadDataset(tableData({ ...shape, root: "s3://nowhere" }));
  await expect(nowhere).rejects.toThrow(/s3:\/\/nowhere\/flowers\/iris.csv: .* has no bucket nowhere: create it/);
});
