import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The TensorFlow whose libraries the binding is built against; `requirements/` holds the same version with its hashes. */
export const tensorflowVersion = "2.21.0";

/** Where the driver of NVIDIA's GPUs tells its version. */
export const nvidiaDriver = "/proc/driver/nvidia/version";

/** What the libraries can compute on. The `gpu` flavour runs on the CPU where it finds no GPU. */
export type Flavour = "cpu" | "gpu";

/** The machine's cache of everything that set-up downloads or builds, shared by all checkouts. */
export function cacheHome(environment: Record<string, string | undefined>): string {
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway");
}

/** The folder of one build, named by all it depends on. It is written whole or not at all. */
export function nativeFolder(cache: string, flavour: Flavour): string {
  const platform = `${process.platform}-${process.arch}`;
  return join(cache, "native", `tensorflow-${tensorflowVersion}-${flavour}-tfjs-4.22.0-${platform}`);
}

/** The binding of `flavour`; `undefined` when set-up has not built it, or when a library it needs has gone since. */
export function findBinding(cache: string, flavour: Flavour): string | undefined {
  const folder = nativeFolder(cache, flavour);
  const libraries = ["cc", "framework"].map((name) => `tensorflow/libtensorflow_${name}.so.2`);
  const files = ["tfjs_binding.node", "quiet.node", ...libraries];
  return files.every((file) => existsSync(join(folder, file))) ? join(folder, "tfjs_binding.node") : undefined;
}
