import { parseArgs } from "node:util";
import { exitCodeOf } from "#config/exit-code.ts";
import { checkNative, loadNative } from "./load.ts";
import { cacheHome } from "./location.ts";
import { setUpNative, toolsOf } from "./setup.ts";

const help = `Installs native TensorFlow for this machine into the cache, once, and prints where its binding is.

  npm run setup:native              for the CPU
  npm run setup:native -- --gpu     for an NVIDIA GPU
  npm run setup:native -- check BINDING    loads a binding, and says which TensorFlow it has`;

try {
  const options = { gpu: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [command, binding] = positionals;
  if (values.help) console.log(help);
  else if (command === "check" && binding) {
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
