import { expect, test } from "vitest";
import { writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { runProgram } from "#test/parts/program.ts";
import { sha256Of } from "#test/parts/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { writeTextPackage } from "#test/parts/text-served.ts";

test.each([
  { model: "a table's", write: writeIrisPackage, examples: 1 },
  { model: "a picture's", write: writeCifar10Package, examples: 2 }, // as numbers and in base64
  { model: "a text's", write: writeTextPackage, examples: 1 },
])("$model model answers each example of its documentation, which ends building its image", async (each) => {
  await using folder = await temporaryFolder();
  const { digest } = await each.write(folder.path);
  const { code, output } = await runProgram("serving/try/main.ts", [], {
    env: { MODEL_DIR: folder.path, MODEL_DIGEST: digest },
  });
  expect(output.match(/^[a-z]+ (0\.\d+|1)$/gm)).toHaveLength(each.examples);
  expect(code).toBe(0);
});

test("another package than the image's own ends it with the server's reason", async () => {
  await using folder = await temporaryFolder();
  await writeIrisPackage(folder.path);
  const env = { MODEL_DIR: folder.path, MODEL_DIGEST: sha256Of("e") };
  const { code, output } = await runProgram("serving/try/main.ts", [], { env });
  expect(output).toMatch(/the image does not answer its own example: .*health\/ready answered 503.*digests\.txt/s);
  expect(code).toBe(1);
});
