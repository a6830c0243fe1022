import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";
import { createGitHubRoad, promoting } from "#test/parts/github-road.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { registered } from "#test/parts/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const count = 20;

test("20 jobs that promote at once, while GitHub falters: each lands or is superseded, and the history is linear", async () => {
  await using slipway = await createActionCheckout();
  await slipway.bundle();
  const models = Array.from({ length: count / 2 }, (_, index) => `model-${index}`);
  await using road = await createGitHubRoad({ models });
  await using folder = await temporaryFolder();
  await using repository = await createModelsRepository();
  const iris = await readFile(join(repository.path, "config/models/iris.yaml"), "utf8");
  for (const model of models) await repository.write(`config/models/${model}.yaml`, iris);
  const { uri } = await sharedMlflow();
  const { hub } = road;
  hub.fail({ operation: "graphql", as: { kind: "forget" }, times: 2 });
  hub.fail({ operation: "graphql", as: { kind: "status", status: 502 }, times: 2 });
  hub.fail({ operation: "graphql", as: { kind: "secondaryRateLimit", retryAfterSeconds: 1 } });

  const releases = Array.from({ length: count }, (_, index) => ({
    ...registered(index + 1, road.start),
    model: index % 2 === 0 ? "iris" : (models[(index - 1) / 2] ?? ""),
  }));
  const promoted = await Promise.all(
    releases.map(async (release, index) => {
      const file = join(folder.path, `release-${index}.json`);
      await writeFile(file, JSON.stringify(release));
      const inputs = { releases: file, token: hub.token(promoting), set: `tracking.uri=${uri}` };
      const env = { GITHUB_API_URL: hub.apiUrl, GITHUB_REPOSITORY: road.repository, GITHUB_SHA: road.start };
      return { release, ...(await slipway.act("promote", inputs, { cwd: repository.path, env })) };
    }),
  );

  for (const { code, outputs, output } of promoted) {
    expect({ code, kind: outputs["kind"] }, output).toMatchObject({
      code: 0,
      kind: expect.stringMatching(/^(promoted|superseded)$/),
    });
  }
  const landed = promoted.filter(({ outputs }) => outputs["kind"] === "promoted");
  const others = landed.filter(({ release }) => release.model !== "iris");
  expect(others.map(({ release }) => release.model).sort()).toEqual(models);
  expect((await road.inPlace())?.version).toBe(String(count - 1));
  const log = (await road.log("%H %P")).map((line) => line.trim().split(" ")).reverse();
  expect(log.slice(1).map(([, ...parents]) => parents)).toEqual(log.slice(0, -1).map(([sha]) => [sha]));
  expect(landed.map(({ outputs }) => outputs["commit"]).sort()).toEqual(
    log
      .slice(1)
      .map(([sha]) => sha)
      .sort(),
  );
});
