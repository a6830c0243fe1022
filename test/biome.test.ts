import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "..");

// a file, what it imports, and whether it may
const imports: [path: string, source: string, allowed: boolean][] = [
  ["config/a.ts", "./b.ts", true],
  ["config/a.ts", "zod", true],
  ["config/a.ts", "#training/a.ts", false],
  ["config/a.ts", "#actions/gate/a.ts", false],
  ["config/a.ts", "#serving/a.ts", false],
  ["config/a.ts", "#test/a.ts", false],
  ["config/a.ts", "undici", false],

  ["training/a.ts", "#config/a.ts", true],
  ["training/data/a.ts", "#training/a.ts", true],
  ["training/data/a.ts", "../a.ts", false],
  ["training/data/a.ts", "./../a.ts", false],
  ["training/a.ts", "#actions/io/a.ts", false],
  ["training/a.ts", "#serving/a.ts", false],
  ["training/a.ts", "#test/a.ts", false],
  ["training/a.ts", "@tensorflow/tfjs-core", true],
  ["training/a.ts", "@tensorflow/tfjs-node-gpu", false],
  ["training/a.ts", "@actions/core", false],
  ["training/a.ts", "fastify", false],
  ["training/a.ts", "undici", false],
  ["training/a.ts", "@aws-sdk/client-s3", false],
  ["training/backend.ts", "@tensorflow/tfjs-node-gpu", true],
  ["training/backend.ts", "#serving/a.ts", false],
  ["training/mlflow/a.ts", "undici", true],
  ["training/mlflow/a.ts", "@aws-sdk/client-s3", false],
  ["training/mlflow/a.ts", "#actions/io/a.ts", false],
  ["training/storage/a.ts", "@aws-sdk/client-s3", true],
  ["training/storage/a.ts", "undici", false],
  ["training/storage/a.ts", "#serving/a.ts", false],

  ["serving/a.ts", "#training/a.ts", true],
  ["serving/a.ts", "#config/a.ts", true],
  ["serving/a.ts", "fastify", true],
  ["serving/a.ts", "@fastify/swagger", true],
  ["serving/a.ts", "#actions/gitops/a.ts", false],
  ["serving/a.ts", "#test/a.ts", false],
  ["serving/a.ts", "@tensorflow/tfjs-core", false],
  ["serving/a.ts", "@actions/core", false],
  ["serving/a.ts", "undici", false],
  ["serving/a.ts", "@aws-sdk/client-s3", false],

  ["actions/gate/run.ts", "#training/a.ts", true],
  ["actions/gate/run.ts", "#config/a.ts", true],
  ["actions/gate/run.ts", "#actions/io/a.ts", true],
  ["actions/gate/run.ts", "#actions/gitops/a.ts", true],
  ["actions/gate/run.ts", "./tango.ts", true],
  ["actions/gate/run.ts", "#actions/report/a.ts", false],
  ["actions/gate/run.ts", "../report/a.ts", false],
  ["actions/gate/run.ts", "#serving/a.ts", false],
  ["actions/gate/run.ts", "#test/a.ts", false],
  ["actions/gate/run.ts", "@actions/core", false],
  ["actions/gate/run.ts", "fastify", false],
  ["actions/gate/run.ts", "@tensorflow/tfjs-core", false],
  ["actions/gate/run.ts", "undici", false],
  ["actions/gate/run.ts", "@aws-sdk/client-s3", false],
  ["actions/gate/main.ts", "@actions/core", true],
  ["actions/gate/main.ts", "#actions/report/a.ts", false],
  ["actions/gate/main.ts", "undici", false],
  ["actions/io/a.ts", "@actions/github", true],
  ["actions/io/a.ts", "#actions/gate/a.ts", false],
  ["actions/gitops/a.ts", "undici", true],
  ["actions/gitops/a.ts", "#actions/promote/a.ts", false],
  ["actions/gitops/a.ts", "@actions/core", false],
  ["actions/gitops/a.ts", "#serving/a.ts", false],
  ["actions/pipeline.ts", "#actions/gate/run.ts", true],
  ["actions/pipeline.ts", "#serving/a.ts", false],
  ["actions/pipeline.ts", "@actions/core", false],

  ["test/a/b.test.ts", "#serving/a.ts", true],
  ["test/a/b.test.ts", "#actions/gate/a.ts", true],
  ["test/a/b.test.ts", "undici", true],
  ["test/a/b.test.ts", "../a.ts", false],
];

// a file that reads process.env, and whether it may
const environmentReaders: [path: string, allowed: boolean][] = [
  ["actions/gate/main.ts", true],
  ["serving/server.ts", true],
  ["serving/env.ts", true],
  ["actions/pipeline.ts", true],
  ["training/backend.ts", true],
  ["test/a.test.ts", true],
  ["training/train/run.ts", false],
  ["serving/app.ts", false],
  ["config/load.ts", false],
  ["actions/io/inputs.ts", false],
];

// a rule, and a file of its own that breaks it
const breaches: [rule: string, path: string, code: string][] = [
  ["lint/style/noDefaultExport", "training/default-export.ts", "export default 1;"],
  [
    "lint/style/useNodejsImportProtocol",
    "training/protocol.ts",
    'import { join } from "path";\nexport const a = join;',
  ],
  ["lint/suspicious/noExplicitAny", "training/any.ts", "export const a: any = 1;"],
  ["lint/performance/noBarrelFile", "training/barrel.ts", 'export { b } from "./b.ts";'],
  ["lint/performance/noReExportAll", "training/all.ts", 'export * from "./b.ts";'],
  ["lint/style/noNonNullAssertion", "training/non-null.ts", "export const a = [1][0]!;"],
  ["lint/style/noEnum", "training/enum.ts", "export enum A {\n  b,\n}"],
  ["lint/style/noNestedTernary", "training/ternary.ts", "export const a = (b: number) => (b ? 1 : b ? 2 : 3);"],
  ["lint/style/useFilenamingConvention", "training/SomeName.ts", "export const a = 1;"],
  ["lint/style/useErrorCause", "training/cause.ts", 'try {\n  await 1;\n} catch (error) {\n  throw new Error("a");\n}'],
  ["lint/complexity/useMaxParams", "training/four.ts", "export const a = (b: 1, c: 1, d: 1, e: 1) => [b, c, d, e];"],
  ["lint/nursery/noFloatingPromises", "training/floating.ts", "async function a() {}\na();"],
  [
    "lint/suspicious/noFocusedTests",
    "test/focused.test.ts",
    'import { test } from "vitest";\ntest.only("a", () => 1);',
  ],
  [
    "lint/suspicious/noSkippedTests",
    "test/skipped.test.ts",
    'import { test } from "vitest";\ntest.skip("a", () => 1);',
  ],
  ["lint/style/noExcessiveLinesPerFile", "training/long.ts", "export {};\n".repeat(151)],
  ["lint/suspicious/noImportCycles", "training/cycle.ts", 'import { b } from "./cycle-end.ts";\nexport const a = b;'],
  ["lint/suspicious/noImportCycles", "training/cycle-end.ts", 'import { a } from "./cycle.ts";\nexport const b = a;'],
  [
    "lint/correctness/noUndeclaredDependencies",
    "training/package.ts",
    'import { a } from "left-pad";\nexport const b = a;',
  ],
  ["plugin", "training/namespace.ts", 'import * as path from "node:path";\nexport const a = path;'],
  ["format", "training/quotes.ts", "export const a = 'b'"],
];

const fine: [what: string, path: string, code: string][] = [
  [
    "TensorFlow.js as a whole",
    "training/tensors.ts",
    'import * as tf from "@tensorflow/tfjs-core";\n\nexport const a = tf;\n',
  ],
  ["a plain module", "training/plain.ts", "/** One. */\nexport const one = 1;\n"],
];

const files = new Map<string, string>();
/** Adds a line to a file and returns its number. */
function addLine(path: string, line: string): number {
  files.set(path, `${files.get(path) ?? ""}${line}\n`);
  return (files.get(path) ?? "").split("\n").length - 1;
}
const importRows = imports.map(([path, source, allowed]) => {
  return { path, source, allowed, line: addLine(path, `import "${source}";`) };
});
const environmentRows = environmentReaders.map(([path, allowed]) => {
  return { path, allowed, line: addLine(path, 'export const home = process.env["HOME"];') };
});
for (const [, path, code] of [...breaches, ...fine]) files.set(path, code);
const found = await judge();

/** What Biome says of all files in a copy of the project: `RULE PATH` and `RULE PATH:LINE`. */
async function judge(): Promise<Set<string>> {
  await using folder = await temporaryFolder();
  for (const path of ["biome.json", "package.json", ".gitignore", ".ci/namespace-imports.grit"]) {
    await cp(join(root, path), join(folder.path, path), { recursive: true });
  }
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const options = ["check", "--reporter=github", "--max-diagnostics=none", folder.path];
  const { stdout } = await promisify(execFile)(join(root, "node_modules/.bin/biome"), options, {
    cwd: folder.path,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((failure: { stdout: string }) => failure);
  const lines = [...stdout.matchAll(/^::\w+ title=([^,]+),file=([^,]+),line=(\d+)/gm)];
  return new Set(
    lines.flatMap(([, rule = "", file = "", line]) => {
      const path = relative(folder.path, file);
      return [`${rule} ${path}`, `${rule} ${path}:${line}`];
    }),
  );
}

describe("Biome", () => {
  test.each(importRows)("$path may import $source: $allowed", ({ path, line, allowed }) => {
    expect(found.has(`lint/style/noRestrictedImports ${path}:${line}`)).toBe(!allowed);
  });

  test.each(environmentRows)("$path may read process.env: $allowed", ({ path, line, allowed }) => {
    expect(found.has(`lint/style/noProcessEnv ${path}:${line}`)).toBe(!allowed);
  });

  test.each(breaches)("%s refuses %s", (rule, path) => {
    expect([...found]).toContain(`${rule} ${path}`);
  });

  test.each(fine)("%s passes", (_, path) => {
    expect([...found].filter((finding) => finding.endsWith(` ${path}`))).toEqual([]);
  });
});
