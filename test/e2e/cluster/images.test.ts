import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildImage, docker, startDocker, stopDocker } from "#test/parts/cluster/images.ts";
import { servingContext } from "#test/parts/cluster/serving-image.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { irisModel } from "#test/parts/iris-served.ts";
import { sha256Of } from "#test/parts/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { Candidate } from "#training/candidate.ts";

useCluster(); // Docker runs beside it
beforeAll(startDocker);
afterAll(stopDocker);

test("the training image trains with native TensorFlow, as an ordinary user who may write into one folder", async () => {
  const tag = "training:native";
  await buildImage("training/Dockerfile", { tag });
  await using folder = await temporaryFolder();
  const work = join(folder.path, "work");
  await mkdir(work);
  await chown(work, 1000, 1000);
  const confined = [
    "--rm",
    "--network=none",
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    `--volume=${work}:/work`,
  ];
  const settings = ["device=cpu", "data.root=/work/data", "training.epochs=2"].flatMap((set) => ["--set", set]);
  const output = await docker("run", ...confined, tag, "--env", "dev", "--model", "iris", ...settings);
  const [, place = ""] = /^trained: sha256:\w+ in \S*\/work\/(\S+)$/m.exec(output) ?? [];
  const { device } = Candidate.parse(JSON.parse(await readFile(join(work, place, "candidate.json"), "utf8")));
  expect(device).toMatchObject({ backend: "cpu", name: expect.stringMatching(/^TensorFlow \d/) });
});

test("no serving image is built around a package of another digest than the release's", async () => {
  await using context = await servingContext(irisModel());
  await expect(build(context.path, sha256Of("e"))).rejects.toThrow(/RUN test .*sha256sum digests\.txt/);
});

test("none is built that can't answer the example of its own package", async () => {
  await using context = await servingContext(irisModel());
  const weights = join(context.packageFolder, "weights.bin");
  const bytes = await readFile(weights);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(weights, bytes);
  const building = build(context.path, context.modelDigest);
  await expect(building).rejects.toThrow(/weights\.bin/);
  await expect(building).rejects.toThrow(/the image does not answer its own example/);
});

function build(context: string, MODEL_DIGEST: string): Promise<void> {
  return buildImage("serving/Dockerfile", { tag: "iris:refused", context, values: { MODEL_DIGEST } });
}
