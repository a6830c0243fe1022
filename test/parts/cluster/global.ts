import { stopOfTests } from "./use.ts";

/** Vitest calls it after the last test file. */
export async function teardown(): Promise<void> {
  await stopOfTests();
}
