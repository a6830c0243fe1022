import * as tf from "@tensorflow/tfjs-core";
import { type NativeBackend, nativeBackend } from "#training/graph/native-backend.ts";
import { loadNative } from "#training/native/load.ts";
import { cacheHome, findBinding } from "#training/native/location.ts";

/** Makes TensorFlow's native backend the one in use in this process. */
export async function startNative(): Promise<NativeBackend> {
  const binding = findBinding(cacheHome(process.env), "cpu");
  if (!binding) throw new Error("the native backend is not built: run `npm test`, whose set-up builds it");
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  loadNative(binding);
  await tf.setBackend("tensorflow");
  const native = nativeBackend();
  if (!native) throw new Error("the native backend was loaded but is not in use");
  return native;
}
