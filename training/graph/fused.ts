import * as tf from "@tensorflow/tfjs-core";
import { DataType } from "./graph-def.ts";
import { type NativeBackend, nativeBackend } from "./native-backend.ts";

/** Single TensorFlow kernels where TensorFlow.js uses several; on other backends everything stays as it is. */

const float = ({ binding }: NativeBackend) => [{ name: "T", type: binding.TF_ATTR_TYPE, value: DataType.float32 }];

let installed = false;

/** Registers the native gradient of relu and a gather that does not read its indices back. Once a process. */
export function installFusedKernels(): void {
  if (installed || !nativeBackend()) return;
  installed = true;
  replaceReluGradient();
  replaceGather();
}

/** tf.relu's own gradient is six operations that each pass over the whole tensor. */
function replaceReluGradient(): void {
  const stock = tf.getGradient(tf.Relu);
  tf.unregisterGradient(tf.Relu);
  tf.registerGradient({
    kernelName: tf.Relu,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const native = nativeBackend();
      const [, y] = saved;
      if (!native || !y || Array.isArray(dy)) return stock.gradFunc(dy, saved, attributes);
      return { x: () => native.executeSingleOutput("ReluGrad", float(native), [dy, y]) };
    },
  });
}

/** tfjs-node checks the range of indices in JavaScript, which waits for them; TensorFlow checks it itself. */
function replaceGather(): void {
  tf.unregisterKernel(tf.GatherV2, "tensorflow");
  tf.registerKernel({
    kernelName: tf.GatherV2,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs }) => {
      const native = nativeBackend();
      const { x, indices } = inputs;
      if (!native || !x || !indices) throw new Error("gather runs on the native backend, with x and indices");
      const { TF_ATTR_INT, TF_ATTR_TYPE } = native.binding;
      const axis = tf.scalar(Number(attrs?.["axis"] ?? 0), "int32");
      const attributes = [
        { name: "batch_dims", type: TF_ATTR_INT, value: Number(attrs?.["batchDims"] ?? 0) },
        { name: "Tparams", type: TF_ATTR_TYPE, value: native.getDTypeInteger(x.dtype) },
        { name: "Tindices", type: TF_ATTR_TYPE, value: native.getDTypeInteger(indices.dtype) },
        { name: "Taxis", type: TF_ATTR_TYPE, value: native.getDTypeInteger("int32") },
      ];
      const result = native.executeSingleOutput("GatherV2", attributes, [x, indices, axis]);
      axis.dispose();
      return result;
    },
  });
}

/**
 * Cross-entropy of each example in nats: [batch], from logits [batch, classes] and the probabilities wanted.
 * The gradient reaches the logits only. One kernel on the native backend, tf.losses' formula elsewhere.
 */
export function softmaxCrossEntropy(wanted: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D {
  const native = nativeBackend();
  const targets = tf.cast(wanted, "float32");
  if (!native) return tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1));
  const loss = tf.customGrad((x, save) => {
    const [value, slope] = native.executeMultipleOutputs(
      "SoftmaxCrossEntropyWithLogits",
      float(native),
      [x as tf.Tensor, targets],
      2,
    );
    if (!value || !slope) throw new Error("SoftmaxCrossEntropyWithLogits gave no result");
    (save as (tensors: tf.Tensor[]) => void)([slope]);
    return { value, gradFunc: (dy, saved) => tf.mul(saved[0] ?? slope, tf.expandDims(dy, -1)) };
  });
  return loss(logits) as tf.Tensor1D;
}
