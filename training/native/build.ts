import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findCommand, runCommand } from "./run-command.ts";

/** Compiles TensorFlow.js' Node-API binding against the libraries in `folder/tensorflow` into `folder/tfjs_binding.node`. */
export async function compileBinding(folder: string, compilers: readonly string[]): Promise<void> {
  const compiler = await findCommand(compilers, ["--version"]);
  if (!compiler) {
    throw new Error(
      `No C++ compiler to build the native backend with (tried ${compilers.join(", ")}). ` +
        "Install g++ (Debian: apt install g++) or set CXX, or set `device: wasm`.",
    );
  }
  const { resolve } = createRequire(import.meta.url);
  const binding = dirname(resolve("@tensorflow/tfjs-node-gpu/package.json"));
  const headers = join(dirname(resolve("node-api-headers/package.json")), "include");
  const libraries = join(folder, "tensorflow");
  await runCommand(compiler, [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
    ...[`-I${headers}`, `-I${join(libraries, "include")}`, `-I${binding}`],
    ...[join(binding, "binding/tfjs_backend.cc"), join(binding, "binding/tfjs_binding.cc")],
    ...[
      `-L${libraries}`,
      "-l:libtensorflow_cc.so.2",
      "-l:libtensorflow_framework.so.2",
      "-Wl,-rpath,$ORIGIN/tensorflow",
    ],
    ...["-o", join(folder, "tfjs_binding.node")],
  ]);
}
