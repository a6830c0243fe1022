import { parseArgs } from "node:util";
import { exitCodeOf } from "#config/exit-code.ts";
import { checkNative, loadNative } from "./load.ts";
import { cacheHome } from "./location.ts";
import { setUpNative, toolsOf } from "./setup.ts";

try {
  const { values, positionals } = parseArgs({ options: { gpu: { type: "boolean" } }, allowPositionals: true });
  const [command, binding] = positionals;
  if (command === "check" && binding) {
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
    loadNative(binding);
    console.log(`TensorFlow ${await checkNative()}`);
  } else {
    const flavour = values.gpu ? "gpu" : "cpu";
    const log = console.error;
    console.log(await setUpNative({ cache: cacheHome(process.env), flavour, log, ...toolsOf(process.env) }));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitCodeOf(error);
}
