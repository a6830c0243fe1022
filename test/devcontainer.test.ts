import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { command } from "#test/parts/command.ts";

const root = resolve(import.meta.dirname, "..");

/** What is used of the reference: https://containers.dev/implementors/json_reference/ */
const Configuration = z.strictObject({
  $schema: z.url(),
  name: z.string(),
  build: z.strictObject({ dockerfile: z.string(), context: z.string() }),
  remoteUser: z.literal("node"),
  init: z.boolean(),
  hostRequirements: z.strictObject({ gpu: z.boolean() }).optional(),
  runArgs: z.array(z.string()).default([]),
  mounts: z.array(z.strictObject({ type: z.literal("volume"), source: z.string(), target: z.string() })),
  containerEnv: z.record(z.string(), z.string()),
  postCreateCommand: z.string(),
  forwardPorts: z.array(z.int()),
  portsAttributes: z.record(z.string(), z.strictObject({ label: z.string() })),
  customizations: z.strictObject({ vscode: z.strictObject({ extensions: z.array(z.string()) }) }),
  configFilePath: z.object({ fsPath: z.string() }), // the reader's own
});

/** The configuration as the Dev Containers CLI reads it; it wants a Docker to ask, and here is none. */
async function read(variant: string) {
  const cli = join(root, "test/node_modules/.bin/devcontainer");
  const file = join(root, ".devcontainer", variant, "devcontainer.json");
  const places = ["--workspace-folder", root, "--config", file, "--docker-path", "true"];
  const { configuration } = JSON.parse(await command([cli, "read-configuration", ...places]));
  return Configuration.parse(configuration);
}

test.each(["cpu", "gpu"])("the dev container %s can be read, and all that it names is there", async (variant) => {
  const { build, postCreateCommand, containerEnv } = await read(variant);
  expect(existsSync(join(root, ".devcontainer", variant, build.dockerfile))).toBe(true);
  for (const [, file = ""] of postCreateCommand.matchAll(/node (\S+)/g))
    expect(existsSync(join(root, file))).toBe(true);
  expect(containerEnv["JUPYTER_PATH"]).toMatch(/^\/workspaces\/[^$]+\/node_modules\/\.cache\/slipway\/jupyter$/);
});

test("the dev containers differ in the GPU alone", async () => {
  const [cpu, gpu] = await Promise.all(["cpu", "gpu"].map(read));
  const { name, hostRequirements, runArgs, containerEnv, postCreateCommand, configFilePath, ...same } = gpu ?? {};
  expect(cpu).toMatchObject(same);
  expect({ hostRequirements, runArgs }).toEqual({ hostRequirements: { gpu: true }, runArgs: ["--gpus=all"] });
  expect(containerEnv).toMatchObject(cpu?.containerEnv ?? {});
  expect(postCreateCommand).toMatch(`${cpu?.postCreateCommand} && npm run setup:native -- --gpu`);
});
