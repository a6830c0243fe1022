import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The first line that a program of PATH says about its version; `undefined` when there is none, or it can't run. */
export async function programVersion(
  [program = "", ...args]: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { env: { ...variables } });
    return stdout.trim().split("\n")[0];
  } catch {
    return undefined;
  }
}
