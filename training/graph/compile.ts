import { createEagerProgram } from "./eager-program.ts";
import { installFusedKernels } from "./fused.ts";
import { createGraphProgram } from "./graph-program.ts";
import { nativeBackend } from "./native-backend.ts";
import type { Program, ProgramOptions } from "./program.ts";

/**
 * A program over `variables`: a `tf.function` for TensorFlow.js.
 * On the native backend each function becomes a TensorFlow graph once for each combination of input shapes, and a
 * training step is one call into TensorFlow; elsewhere, or with `mode: "eager"`, it runs operation by operation.
 * Functions must be pure tensor computations: whatever JavaScript decides in them is decided once, when tracing.
 * Gradients must be registered with TensorFlow.js (`import "@tensorflow/tfjs-layers"` does). See README.md.
 */
export function compile(options: ProgramOptions & { mode?: Program["mode"] }): Program {
  const native = nativeBackend();
  installFusedKernels();
  if (native && options.mode !== "eager") return createGraphProgram(native, options);
  if (options.mode === "graph") throw new Error("graphs need the native backend; `npm run setup:native` builds it");
  return createEagerProgram(options);
}
