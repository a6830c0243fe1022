import { createHash } from "node:crypto";
import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createActionCheckout } from "#test/parts/action-checkout.ts";

test("bundles from another path are the same, byte for byte", async () => {
  await using here = await createActionCheckout();
  await using there = await createActionCheckout({ folder: "some/where else/slipway" });
  await here.bundle();
  await there.bundle();
  const bundles = await digests(join(here.path, "actions/dist"));
  expect(bundles).toMatchObject({ "gate.js": expect.any(String), "plan.js": expect.any(String) });
  expect(await digests(join(there.path, "actions/dist"))).toEqual(bundles);
});

test("TensorFlow.js in an action that GitHub starts is refused, with the file that would be loaded", async () => {
  await using checkout = await createActionCheckout();
  await appendFile(join(checkout.path, "actions/gate/run.ts"), 'export * from "@tensorflow/tfjs-core";\n');
  await expect(checkout.bundle()).rejects.toThrow(/would load node_modules\/@tensorflow\/tfjs-core\//);
  expect(await readdir(join(checkout.path, "actions"))).not.toContain("dist");
});

async function digests(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const files = names.map(async (name) => [
    name,
    createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(files));
}
