import { backend_util, getKernel, type TensorInfo } from "@tensorflow/tfjs-core";
import { registerConvolutionGradients } from "./convolution.ts";
import { type Call, callKernel, input, memoryOf, registerWasmKernel } from "./kernel.ts";

let registered = false;

/** Gives the wasm backend the kernels that training needs and tfjs 4.22 lacks there or gets wrong. Once a process. */
export function registerTrainingKernels(): void {
  if (registered) return;
  registered = true;
  registerWasmKernel("MaxPoolGrad", maxPoolGradient);
  registerWasmKernel("UnsortedSegmentSum", unsortedSegmentSum);
  registerUntransposedMatMul();
  registerConvolutionGradients();
}

/** To the first largest input of each window. The stock kernel takes it for zero where all are negative. */
function maxPoolGradient(call: Call): TensorInfo {
  const { attrs, backend } = call;
  const [x, dy] = [input(call, "input"), input(call, "dy")];
  const { filterSize, strides, pad, dimRoundingMode } = attrs as {
    filterSize: [number, number];
    strides: [number, number];
    pad: "same" | "valid" | number;
    dimRoundingMode: "floor" | "round" | "ceil" | undefined;
  };
  const shape = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const result = backend.makeOutput(x.shape, "float32");
  const [values, slopes, sums] = [memoryOf(backend, x), memoryOf(backend, dy), memoryOf(backend, result)];
  sums.fill(0);
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = info;
  for (let place = 0; place < slopes.length; place++) {
    const channel = place % inChannels;
    const column = Math.floor(place / inChannels) % outWidth;
    const line = Math.floor(place / inChannels / outWidth);
    const top = (line % outHeight) * strideHeight - padInfo.top;
    const left = column * strideWidth - padInfo.left;
    const image = Math.floor(line / outHeight) * inHeight;
    let most = -Infinity;
    let at = -1;
    for (let row = Math.max(0, top); row < Math.min(inHeight, top + info.effectiveFilterHeight); row++) {
      for (let side = Math.max(0, left); side < Math.min(inWidth, left + info.effectiveFilterWidth); side++) {
        const candidate = ((image + row) * inWidth + side) * inChannels + channel;
        const value = values[candidate] ?? Number.NaN;
        if (value > most) [most, at] = [value, candidate];
      }
    }
    if (at >= 0) sums[at] = (sums[at] ?? 0) + (slopes[place] ?? 0);
  }
  return result;
}

/** Sums of the rows of `x` by segment: the gradient of an embedding. Rows of segments out of range are left out. */
function unsortedSegmentSum(call: Call): TensorInfo {
  const { attrs, backend } = call;
  const [x, segmentIds] = [input(call, "x"), input(call, "segmentIds")];
  const segments = Number(attrs["numSegments"]);
  const inner = x.shape.slice(segmentIds.shape.length);
  const width = inner.reduce((product, side) => product * side, 1);
  const result = backend.makeOutput([segments, ...inner], x.dtype);
  const [ids, values, sums] = [memoryOf(backend, segmentIds), memoryOf(backend, x), memoryOf(backend, result)];
  sums.fill(0);
  for (const [row, segment] of ids.entries()) {
    if (segment < 0 || segment >= segments) continue;
    for (let place = 0; place < width; place++) {
      const to = segment * width + place;
      sums[to] = (sums[to] ?? 0) + (values[row * width + place] ?? 0);
    }
  }
  return result;
}

/** The fast matrix product (XNNPACK) takes no transposed factors: they are turned before. */
function registerUntransposedMatMul(): void {
  const stock = getKernel("BatchMatMul", "wasm")?.kernelFunc;
  if (!stock) throw new Error("the wasm backend has no BatchMatMul");
  registerWasmKernel("BatchMatMul", (call) => {
    const { attrs, backend } = call;
    const turned = [attrs["transposeA"], attrs["transposeB"]];
    const factors = [input(call, "a"), input(call, "b")].map((factor, index) => {
      const rank = factor.shape.length;
      const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
      return turned[index] ? callKernel("Transpose", { backend, inputs: { x: factor }, attrs: { perm } }) : factor;
    });
    const [a, b] = factors;
    if (!a || !b) throw new Error("a product has two factors");
    const result = stock({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } });
    for (const [index, { dataId }] of factors.entries()) if (turned[index]) backend.disposeData(dataId);
    return result as TensorInfo;
  });
}
