import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";

/** A small CNN for images of 32 x 32 pixels in ten classes, a softmax at its end; network.py is the same in Keras. */
export function buildNetwork(): Sequential {
  const seeded = (seed: number) => ({ kernelInitializer: initializers.glorotUniform({ seed }) });
  const convolution = { kernelSize: 3, padding: "same", activation: "relu" } as const;
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [32, 32, 3], filters: 32, ...convolution, ...seeded(1) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, ...convolution, ...seeded(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, ...convolution, ...seeded(3) }),
      layers.flatten(),
      layers.dense({ units: 64, activation: "relu", ...seeded(4) }),
      layers.dense({ units: 10, ...seeded(5) }),
      layers.activation({ activation: "softmax" }),
    ],
  });
}
