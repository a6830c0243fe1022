import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import shared from "./vitest.config.ts";

/** The command has a cluster of its own: after all others, since a machine has one, and starting it takes most of a minute. */
class CommandLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLast = ({ moduleId }: TestSpecification) => Number(moduleId.endsWith("cluster/command.test.ts"));
    return (await super.sort(files)).toSorted((one, other) => isLast(one) - isLast(other));
  }
}

/** `npm run test:e2e`: the workflows as they are, run by act, and a real cluster; one after the other, since each takes the whole machine. */
export default defineConfig({
  test: {
    ...shared.test,
    include: ["test/e2e/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    env: { SLIPWAY_TEST_S3: "versitygw" }, // npm test has SeaweedFS
    globalSetup: [shared.test?.globalSetup ?? [], "test/parts/cluster/global.ts"].flat(),
    sequence: { sequencer: CommandLast },
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
