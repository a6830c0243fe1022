import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { overlayPath, readOverlay } from "#actions/gitops/overlay.ts";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";
import { conclusions, logs } from "./harness/told.ts";
import { startWorld } from "./harness/world.ts";

test("a repository of models alone promotes with the released actions and the smallest workflow", async () => {
  await using slipway = await createActionCheckout();
  await slipway.bundle();
  await rm(join(slipway.path, "node_modules")); // a release has none
  await using repository = await createModelsRepository();
  await cp(join(import.meta.dirname, "consumer"), repository.path, { recursive: true });
  await using world = await startWorld({ source: repository.path, slipway: slipway.path });
  const config = await readFile(join(repository.path, "config/dev.yaml"), "utf8");
  const uri = `s3://${world.s3.bucket}/models`;
  await world.hub.push("main", { "config/dev.yaml": config.replace("./outputs/dev/models", uri) });

  const runs = await world.happen(await world.pushed("main^"));
  expect(conclusions(runs), logs(runs)).toEqual(["models: success"]);
  const promoted = readOverlay(await world.textAt("main", overlayPath("dev", "iris")));
  expect(promoted).toMatchObject({ version: "1", packageUri: expect.stringContaining(uri) });
  const again = await world.happen({ ...(await world.pushed("main^")), changedPaths: ["README.md"] });
  expect(conclusions(again), logs(again)).toEqual(["models: success"]);
  expect(again[0]?.jobs.map(({ name }) => name)).toEqual(["models/plan"]);
});
