import { setFailed } from "@actions/core";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";

/** How an action ended that did its work and yet must stop the job: the gate failed, or a release is held. */
export interface Stop {
  code: ExitCode;
  reason: string;
}

/**
 * Runs an action to its end: the one place where errors are caught. The step fails with the message and an exit code of
 * `config/exit-code.ts`.
 */
export async function runAction(main: () => Promise<Stop | undefined>): Promise<void> {
  try {
    const stop = await main();
    if (stop && stop.code !== ExitCode.done) fail(stop.reason, stop.code);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), exitCodeOf(error));
  }
}

function fail(message: string, code: ExitCode): void {
  const chosen = process.exitCode; // of a signal's handler
  setFailed(message);
  process.exitCode = chosen ?? code;
}
