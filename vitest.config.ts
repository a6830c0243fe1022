import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const results = process.env["SLIPWAY_TEST_RESULTS"]; // of .ci/run

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/e2e/**", "**/node_modules/**"],
    maxWorkers: availableParallelism() + 1, // most of the time a test waits for a server or a program
    pool: "forks", // real servers and native code: a process a file, with its own signals and exit
    testTimeout: 120_000, // far more than any takes: a busy machine is no failure
    hookTimeout: 300_000, // a cold MLflow or TensorFlow import on a busy machine
    teardownTimeout: 30_000,
    globalSetup: [
      "test/parts/mlflow-global.ts", // names the MLflow that test files share; the first to ask starts it
      "test/parts/compile-cache.ts",
    ],
    restoreMocks: true,
    expect: { requireAssertions: true },
    reporters: results ? ["default", ["json", { outputFile: results }]] : ["default"],
  },
});
