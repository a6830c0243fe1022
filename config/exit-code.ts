import { BadInputError } from "./bad-input.ts";

/** What every program of the project exits with. */
export const ExitCode = {
  done: 0, // also: nothing to do
  failed: 1,
  gateFailed: 3,
  held: 4, // inconclusive, or not registered because MLflow was away
  badInput: 42,
  interrupted: 130,
  preempted: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code of a program that ended by throwing `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof BadInputError ? ExitCode.badInput : ExitCode.failed;
}
