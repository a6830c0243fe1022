import { existsSync } from "node:fs";
import type { Config } from "#config/schema.ts";
import { nvidiaDriver } from "#training/native/location.ts";
import { type Finding, findingsAbout } from "./finding.ts";

/** Whether this machine has the GPU that configuration demands. */
export function checkGpu(configs: readonly Config[], driver = nvidiaDriver): Finding {
  const about = findingsAbout("GPU");
  const demanding = configs.filter(({ device }) => device === "gpu").map(({ model }) => model);
  if (existsSync(driver)) return about.ok(`this machine has NVIDIA's driver (${driver})`);
  if (demanding.length === 0) return about.ok("this machine has none, and no model demands one (device: gpu)");
  return about.problem(
    `${demanding.join(", ")} demand${demanding.length === 1 ? "s" : ""} one (device: gpu), and this machine has no NVIDIA driver (${driver})`,
    "train on a machine that has one (the variable SLIPWAY_RUNNER names its label), or set device: auto",
  );
}
