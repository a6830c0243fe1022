import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findCommand, runCommand } from "./run-command.ts";

/**
 * Compiles TensorFlow.js' Node-API binding against the libraries in `folder/tensorflow` into `folder/tfjs_binding.node`,
 * and beside it `quiet.node`.
 */
export async function compileBinding(folder: string, compilers: readonly string[]): Promise<void> {
  const compiler = await findCommand(compilers, ["--version"]);
  if (!compiler) {
    throw new Error(
      `No C++ compiler to build the native backend with (tried ${compilers.join(", ")}). ` +
        "Install g++ (Debian: apt install g++) or set CXX, or set `device: wasm`.",
    );
  }
  const { resolve } = createRequire(import.meta.url);
  const headers = join(dirname(resolve("node-api-headers/package.json")), "include");
  const common = ["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8", `-I${headers}`];
  await runCommand(compiler, [...common, join(import.meta.dirname, "quiet.cc"), "-o", join(folder, "quiet.node")]);

  const tfjs = dirname(resolve("@tensorflow/tfjs-node-gpu/package.json"));
  const libraries = join(folder, "tensorflow");
  const names = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  await runCommand(compiler, [
    ...[...common, `-I${join(libraries, "include")}`, `-I${tfjs}`],
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(tfjs, "binding", name)),
    ...[`-L${libraries}`, ...names.map((name) => `-l:${name}`), "-Wl,-rpath,$ORIGIN/tensorflow"],
    ...["-o", join(folder, "tfjs_binding.node")],
  ]);
}
