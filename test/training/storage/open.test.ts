import { join } from "node:path";
import { expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { s3Environment } from "#training/storage/env.ts";
import { openStorage } from "#training/storage/open.ts";

test("a path without scheme is a folder under the root", async () => {
  await using folder = await temporaryFolder();
  expect(openStorage("./models", folder.path).uri).toBe(join(folder.path, "models"));
});

test.each([
  ["s3://models", "s3://models"],
  ["s3://models/", "s3://models"],
  ["S3://models/production/", "s3://models/production"],
  ["s3://models/a/b", "s3://models/a/b"],
])("%s names the storage %s", (uri, expected) => {
  expect(openStorage(uri).uri).toBe(expected);
});

test.each(["gs://models", "s3://", "s3:///models", "s3://a_b", "s3://models/../secret", "s3://models//a"])(
  "%s is refused by name",
  (uri) => {
    expect(() => openStorage(uri)).toThrow(BadInputError);
  },
);

test("S3's own endpoint variable goes before the one of all services, an empty one counts as none", () => {
  expect(s3Environment({ AWS_ENDPOINT_URL: "http://a", AWS_REGION: "eu-west-1" })).toEqual({
    endpoint: "http://a",
    region: "eu-west-1",
  });
  expect(s3Environment({ AWS_ENDPOINT_URL: "http://a", AWS_ENDPOINT_URL_S3: "http://b" })).toEqual({
    endpoint: "http://b",
  });
  expect(s3Environment({ AWS_ENDPOINT_URL_S3: "", AWS_DEFAULT_REGION: "us-east-2" })).toEqual({ region: "us-east-2" });
});

test("an endpoint that is no URL is refused at the first use", async () => {
  const storage = openStorage("s3://models", ".", { endpoint: "localhost:9000" });
  await expect(storage.list("")).rejects.toThrow(BadInputError);
});
