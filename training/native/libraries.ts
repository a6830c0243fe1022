import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Flavour, tensorflowVersion } from "./location.ts";
import { findCommand, runCommand } from "./run-command.ts";

/** Whose wheels TensorFlow publishes; elsewhere training runs on wasm. */
const manylinux: Record<string, string[]> = {
  x64: ["2_27", "2_25", "2_17", "2_12"]
    .map((version) => `manylinux_${version}_x86_64`)
    .concat("manylinux2014_x86_64", "manylinux2010_x86_64"),
  arm64: ["manylinux_2_27_aarch64"],
};

// The libraries, the C headers, and the CUDA libraries where $ORIGIN/../nvidia finds them; the rest of a wheel is Python.
const unpack = `
import glob, re, sys, zipfile
keep = re.compile(r"^(tensorflow/(libtensorflow_(cc|framework)\\.so\\.2$|include/(tensorflow/c/|(tensorflow/core|tsl|xla/tsl)/platform/ctstring|xla/tsl/c/|tsl/c/))|nvidia/[^/]+/(lib/.*\\.so|bin/ptxas|nvvm/))")
for wheel in glob.glob(sys.argv[1] + "/*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sys.argv[2], [name for name in archive.namelist() if keep.match(name)])
`;

/** Fills `folder` with TensorFlow's libraries and C headers out of the wheels of PyPI that `requirements/` pins. */
export async function downloadLibraries(
  folder: string,
  { flavour, pythons }: { flavour: Flavour; pythons: readonly string[] },
): Promise<void> {
  const tags = process.platform === "linux" ? manylinux[process.arch] : undefined;
  const requirements = join(import.meta.dirname, "requirements", `${flavour}-${process.arch}.txt`);
  if (!tags || !existsSync(requirements)) {
    throw new Error(
      `TensorFlow publishes no ${flavour} libraries that this project can use on ${process.platform} ${process.arch}. ` +
        "Set `device: wasm` (or `auto`), or train on Linux x64 or arm64.",
    );
  }
  const python = await findCommand(pythons, ["-m", "pip", "--version"]);
  if (!python) {
    throw new Error(
      `No Python with pip to download TensorFlow with (tried ${pythons.join(", ")}). Install Python 3.10 or newer with pip, or set \`device: wasm\`.`,
    );
  }
  const wheels = join(folder, "wheels");
  await mkdir(wheels);
  const platforms = tags.flatMap((tag) => ["--platform", tag]);
  const only = ["--python-version", "3.12", "--implementation", "cp", "--only-binary=:all:", "--no-deps"];
  await runCommand(python, [
    ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"],
    ...[...only, ...platforms, "--dest", wheels, "--requirement", requirements],
  ]);
  await runCommand(python, ["-c", unpack, wheels, folder]);
  await rm(wheels, { recursive: true });
}

/** Links the libraries and headers of a TensorFlow that is installed in Python's `sitePackages` into `folder`. */
export async function linkLibraries(folder: string, sitePackages: string): Promise<void> {
  await mkdir(join(folder, "tensorflow"));
  for (const name of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2", "include"]) {
    await symlink(join(sitePackages, "tensorflow", name), join(folder, "tensorflow", name));
  }
}

/** The site-packages of the virtual environment of `python` where it holds the pinned CPU TensorFlow. */
export async function findInstalledTensorflow(python: string): Promise<string | undefined> {
  const folder = join(python, "../../lib");
  const versions = existsSync(folder) ? await readdir(folder) : [];
  return versions
    .map((version) => join(folder, version, "site-packages"))
    .find((packages) => existsSync(join(packages, `tensorflow_cpu-${tensorflowVersion}.dist-info`)));
}
