import { expect, test } from "vitest";
import { writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { runProgram } from "#test/parts/program.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

test.each([
  { model: "a table's", write: writeIrisPackage, examples: 1 },
  { model: "a picture's", write: writeCifar10Package, examples: 2 }, // as numbers and in base64
])("$model model answers each example of its documentation, which ends building its image", async (each) => {
  await using folder = await temporaryFolder();
  const { digest } = await each.write(folder.path);
  const { code, output } = await runProgram("serving/try/main.ts", [], {
    env: { MODEL_DIR: folder.path, MODEL_DIGEST: digest },
  });
  expect(output.match(/^[a-z]+ (0\.\d+|1)$/gm)).toHaveLength(each.examples);
  expect(code).toBe(0);
});
