import { defineConfig } from "vitest/config";
import shared from "./vitest.config.ts";

/** `npm run test:e2e`: the workflows as they are, run by act, and a real cluster; one after the other, since each takes the whole machine. */
export default defineConfig({
  test: {
    ...shared.test,
    include: ["test/e2e/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    env: { SLIPWAY_TEST_S3: "versitygw" }, // npm test has SeaweedFS
    globalSetup: [shared.test?.globalSetup ?? [], "test/parts/cluster/global.ts"].flat(),
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
