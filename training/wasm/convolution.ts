import { backend_util, getKernel, type TensorInfo } from "@tensorflow/tfjs-core";
import { type Call, callKernel, input, memoryOf, registerWasmKernel } from "./kernel.ts";

type Size4 = [number, number, number, number];
type ConvInfo = backend_util.Conv2DInfo;

function convolutionInfo(
  attrs: Call["attrs"],
  inputShape: readonly number[],
  filterShape: readonly number[],
): ConvInfo {
  const { strides, pad, dimRoundingMode } = attrs as {
    strides: number | [number, number];
    pad: "same" | "valid" | number;
    dimRoundingMode: "floor" | "round" | "ceil" | undefined;
  };
  const shapes = [inputShape as Size4, filterShape as Size4] as const;
  return backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode, false);
}

/** The gradients of a convolution, NHWC, undilated. Filter: a matrix product over patches; input: a convolution back. */
export function registerConvolutionGradients(): void {
  registerWasmKernel("Conv2DBackpropFilter", filterGradient);
  const stock = getKernel("Conv2DBackpropInput", "wasm")?.kernelFunc;
  registerWasmKernel("Conv2DBackpropInput", (call) => {
    const info = convolutionInfo(call.attrs, call.attrs["inputShape"] as number[], input(call, "filter").shape);
    if (info.strideHeight === 1 && info.strideWidth === 1) return inputGradient(call, info);
    if (!stock) throw new Error("the wasm backend has no gradient of a strided convolution");
    return stock({ ...call, attrs: call.attrs as never }) as TensorInfo;
  });
}

function filterGradient(call: Call): TensorInfo {
  const { attrs, backend } = call;
  const [x, dy] = [input(call, "x"), input(call, "dy")];
  const filterShape = attrs["filterShape"] as Size4;
  const info = convolutionInfo(attrs, x.shape, filterShape);
  const positions = info.batchSize * info.outHeight * info.outWidth;
  const taps = info.filterHeight * info.filterWidth * info.inChannels;
  const patches = backend.makeOutput([1, taps, positions], "float32");
  memoryOf(backend, patches).set(patchesOf(memoryOf(backend, x), info, taps * positions));
  const product = callKernel("BatchMatMul", {
    backend,
    inputs: { a: patches, b: { dataId: dy.dataId, shape: [1, positions, info.outChannels], dtype: "float32" } },
    attrs: { transposeA: false, transposeB: false },
  });
  backend.disposeData(patches.dataId);
  return { dataId: product.dataId, shape: filterShape, dtype: "float32" };
}

/** One row for each filter tap and channel, one column for each output position; zeros where the input ends. */
function patchesOf(x: ArrayLike<number>, info: ConvInfo, length: number): Float32Array {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = info;
  const result = new Float32Array(length);
  const positions = batchSize * outHeight * outWidth;
  for (let tap = 0; tap < info.filterHeight * info.filterWidth; tap++) {
    const down = Math.floor(tap / info.filterWidth) - padInfo.top;
    const right = (tap % info.filterWidth) - padInfo.left;
    const first = Math.max(0, Math.ceil(-right / strideWidth)); // the output columns that see the input
    const end = Math.min(outWidth, Math.ceil((inWidth - right) / strideWidth));
    for (let line = 0; line < batchSize * outHeight; line++) {
      const row = (line % outHeight) * strideHeight + down;
      if (row < 0 || row >= inHeight) continue;
      const from =
        ((Math.floor(line / outHeight) * inHeight + row) * inWidth + first * strideWidth + right) * inChannels;
      for (let channel = 0; channel < inChannels; channel++) {
        let source = from + channel;
        const start = (tap * inChannels + channel) * positions + line * outWidth;
        for (let place = start + first; place < start + end; place++) {
          result[place] = x[source] ?? 0;
          source += strideWidth * inChannels;
        }
      }
    }
  }
  return result;
}

function inputGradient(call: Call, info: ConvInfo): TensorInfo {
  const { backend } = call;
  const [dy, filter] = [input(call, "dy"), input(call, "filter")];
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const turned = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], "float32");
  const [from, to] = [memoryOf(backend, filter), memoryOf(backend, turned)];
  const taps = filterHeight * filterWidth;
  const size = inChannels * outChannels;
  for (let tap = 0; tap < taps; tap++) {
    for (let place = 0; place < size; place++) {
      const [i, o] = [Math.floor(place / outChannels), place % outChannels];
      to[(taps - 1 - tap) * size + o * inChannels + i] = from[tap * size + place] ?? 0;
    }
  }
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  const bottom = info.inHeight - info.outHeight - top + filterHeight - 1;
  const right = info.inWidth - info.outWidth - left + filterWidth - 1;
  const pad = [[0, 0], [top, bottom], [left, right], [0, 0]]; // biome-ignore format: a side each
  const attrs = { strides: 1, pad, dataFormat: "NHWC", dilations: 1 };
  const result = callKernel("Conv2D", { backend, inputs: { x: dy, filter: turned }, attrs });
  backend.disposeData(turned.dataId);
  return result;
}
