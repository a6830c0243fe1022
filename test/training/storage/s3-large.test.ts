import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startS3 } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const mebibyte = 1024 * 1024;
const sizeMebibytes = 192;

test("a large object goes up, comes down and is streamed in half the memory that it is large", async () => {
  await using server = await startS3();
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "source"), join(folder.path, "target")];
  await mkdir(source);
  await writeFile(join(source, "small.json"), "{}");
  await using file = await open(join(source, "weights.bin"), "wx");
  for (let part = 0; part < sizeMebibytes; part++) await file.write(Buffer.alloc(mebibyte, part));
  const program = resolve(import.meta.dirname, "s3-memory.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", program, `s3://${server.bucket}/large`, source, target],
    { env: { PATH: process.env["PATH"], ...server.variables } },
  );
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({ streamed: sizeMebibytes * mebibyte, small: "{}" });
  expect(found.grownBytes).toBeLessThan((sizeMebibytes / 2) * mebibyte);
  const digests = [join(source, "weights.bin"), join(target, "weights.bin")].map(digestOf);
  expect(new Set(await Promise.all(digests)).size).toBe(1);
}, 120_000);

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
