import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readTools } from "#config/tools.ts";
import { compileBinding } from "./build.ts";
import { downloadLibraries, findInstalledTensorflow, linkLibraries } from "./libraries.ts";
import { type Flavour, findBinding, nativeFolder } from "./location.ts";
import { runCommand } from "./run-command.ts";

/** The programs that set-up uses on this machine: Pythons of the checkout's set-up first, and `CXX` where it is given. */
export function toolsOf(environment: Record<string, string | undefined>): Pick<NativeSetup, "pythons" | "compilers"> {
  const { oraclesPython, mlflowPython } = readTools(join(import.meta.dirname, "../.."));
  const given = environment["CXX"];
  return {
    pythons: [oraclesPython ?? [], mlflowPython ?? [], "python3", "python"].flat(),
    compilers: given ? [given] : ["g++", "c++", "clang++"],
  };
}

export interface NativeSetup {
  cache: string; // see cacheHome
  flavour: Flavour;
  pythons: readonly string[]; // programs to try, first the best
  compilers: readonly string[];
  log: (line: string) => void;
}

/**
 * Makes sure that the native backend is built and computes, and returns the path of its binding.
 * Safe to run from several processes at once: the folder appears by one rename.
 * Throws an error that says what is missing on this machine and what to do instead.
 */
export async function setUpNative({ cache, flavour, pythons, compilers, log }: NativeSetup): Promise<string> {
  const present = findBinding(cache, flavour);
  if (present) return present;
  const folder = nativeFolder(cache, flavour);
  const staging = `${folder}.${process.pid}.tmp`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    const installed = flavour === "cpu" ? await firstInstalled(pythons) : undefined;
    if (installed) {
      log(`native backend: using the TensorFlow of ${installed}`);
      await linkLibraries(staging, installed);
    } else {
      const size = flavour === "gpu" ? "3 GB with the CUDA libraries" : "250 MB";
      log(`native backend: downloading TensorFlow (${size}; once on this machine)`);
      await downloadLibraries(staging, { flavour, pythons });
    }
    log("native backend: compiling the binding (half a minute)");
    await compileBinding(staging, compilers);
    await runCommand(process.execPath, [
      join(import.meta.dirname, "main.ts"),
      "check",
      join(staging, "tfjs_binding.node"),
    ]);
    await rm(folder, { recursive: true, force: true }); // one whose libraries had gone
    await rename(staging, folder);
  } catch (error) {
    const built = findBinding(cache, flavour); // by another process, meanwhile
    if (built) return built;
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  log(`native backend: ready in ${folder}`);
  return join(folder, "tfjs_binding.node");
}

async function firstInstalled(pythons: readonly string[]): Promise<string | undefined> {
  for (const python of pythons) {
    const found = python.includes("/") ? await findInstalledTensorflow(python) : undefined;
    if (found) return found;
  }
  return undefined;
}
