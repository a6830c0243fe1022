// docker/build-push-action: checks that a build would find what it is told, and makes a digest of it
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
  labels: lines,
  provenance: z.string().optional(),
  sbom: z.string().optional(),
  platforms: z.string().optional(),
  "cache-from": lines.optional(),
  "cache-to": lines.optional(),
});
const pairs = (all: readonly string[]) => Object.fromEntries(all.map((line) => line.split(/=(.*)/s).slice(0, 2)));
const buildArguments = pairs(inputs["build-args"]);
const dockerfile = await readFile(inputs.file, "utf8").catch(() => ""); // it may come with a later part of the project
const folder = resolve(inputs.context, buildArguments["MODEL_PACKAGE"] ?? "");
const found = `sha256:${sha256(await readFile(resolve(folder, "digests.txt")))}`;
const told = buildArguments["MODEL_DIGEST"];
if (found !== told) throw new Error(`the package in ${folder} is ${found}, and the build is told ${told}`);
const content = JSON.stringify([dockerfile, buildArguments, inputs.labels]);
const digest = `sha256:${sha256(content)}`;
await record("image", { tags: inputs.tags, digest, push: inputs.push, buildArguments, labels: pairs(inputs.labels) });
await setOutput("digest", digest);
await setOutput("imageid", digest);

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
