import { parseArgs } from "node:util";
import { exitCodeOf } from "#config/exit-code.ts";
import { readTools } from "#config/tools.ts";
import { checkNative, loadNative } from "./load.ts";
import { cacheHome } from "./location.ts";
import { setUpNative } from "./setup.ts";

try {
  const { values, positionals } = parseArgs({ options: { gpu: { type: "boolean" } }, allowPositionals: true });
  const [command, binding] = positionals;
  if (command === "check" && binding) {
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
    loadNative(binding);
    console.log(`TensorFlow ${await checkNative()}`);
  } else {
    const tools = readTools(`${import.meta.dirname}/../..`);
    const given = process.env["CXX"];
    await setUpNative({
      cache: cacheHome(process.env),
      flavour: values.gpu ? "gpu" : "cpu",
      pythons: [tools.oraclesPython ?? [], tools.mlflowPython ?? [], "python3", "python"].flat(),
      compilers: given ? [given] : ["g++", "c++", "clang++"],
      log: console.log,
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitCodeOf(error);
}
