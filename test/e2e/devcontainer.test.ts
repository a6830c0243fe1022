import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildImage, docker, startDocker, stopDocker } from "#test/parts/cluster/images.ts";

const root = resolve(import.meta.dirname, "../..");
const tag = "slipway.local/devcontainer:tests";

beforeAll(startDocker);
afterAll(stopDocker);

test("the dev container has what set-up needs, for a user who may write to its cache", async () => {
  await buildImage("Dockerfile", { tag, context: join(root, ".devcontainer") });
  const programs = ["node --version", "npm --version", "git --version", "g++ --version", "python3 -m venv /tmp/venv"];
  const line = [...programs, "/tmp/venv/bin/pip --version", "touch ~/.cache/mine", "id -un"].join(" && ");
  const said = await docker("run", "--rm", "--network=none", tag, "sh", "-ec", line);
  expect(said).toMatch(/^v24\..*\nnode\n$/s);
});
