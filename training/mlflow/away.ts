import { MlflowError, MlflowUnreachableError } from "./errors.ts";

/** Whether MLflow gave no answer, or none for now: the same call may succeed later. */
export function isAway(error: unknown): error is Error {
  if (error instanceof MlflowUnreachableError) return true;
  return error instanceof MlflowError && (error.status === 429 || error.status >= 500);
}
