// docker/build-push-action: checks that a build would find what it is told, and makes a digest of it, or the image
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { flag, inputsOf, lines, record, setOutput } from "./inputs.ts";

const inputs = inputsOf({
  context: z.string(),
  file: z.string(),
  push: flag,
  load: flag.optional(),
  tags: lines,
  target: z.string().optional(),
  "build-args": lines,
  "build-contexts": lines.optional(),
  labels: lines.default([]),
  provenance: z.string().optional(),
  sbom: z.string().optional(),
  platforms: z.string().optional(),
  "cache-from": lines.optional(),
  "cache-to": lines.optional(),
});
const pairs = (all: readonly string[]) => Object.fromEntries(all.map((line) => line.split(/=(.*)/s).slice(0, 2)));
const buildArguments = pairs(inputs["build-args"]);
if (buildArguments["MODEL_DIGEST"]) await checkPackage(buildArguments["MODEL_DIGEST"]);
const digest = process.env["STAND_IN_DOCKER"] ? await built() : await madeUp();
await record("image", { tags: inputs.tags, digest, push: inputs.push, buildArguments, labels: pairs(inputs.labels) });
await setOutput("digest", digest);
await setOutput("imageid", digest);

async function checkPackage(told: string): Promise<void> {
  const folder = resolve(inputs.context, buildArguments["MODEL_PACKAGE"] ?? "");
  const found = `sha256:${sha256(await readFile(resolve(folder, "digests.txt")))}`;
  if (found !== told) throw new Error(`the package in ${folder} is ${found}, and the build is told ${told}`);
}

async function madeUp(): Promise<string> {
  return `sha256:${sha256(JSON.stringify([await readFile(inputs.file, "utf8"), buildArguments, inputs.labels]))}`;
}

/** Where a test has started Docker beside a cluster: the image itself, in the cluster's registry. */
async function built(): Promise<string> {
  const { buildImage, pushImage } = await import("#test/parts/cluster/images.ts");
  const [tag = ""] = inputs.tags;
  await buildImage(inputs.file, { tag, context: resolve(inputs.context), values: buildArguments });
  return await pushImage(tag);
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
