import { prepareIris, weightsDigest } from "#test/parts/iris-training.ts";
import { startBackend } from "#training/backend.ts";
import { train } from "#training/train/train.ts";

// Trains iris in a process of its own; usage: node iris-weights.ts DEVICE ARCHITECTURE SEED
const [device, architecture, seed] = process.argv.slice(2);
await startBackend(device === "wasm" ? "wasm" : "js", { tiny: true });
const { model, data, training } = await prepareIris(architecture === "mlp" ? "mlp" : "softmax", {
  seed: Number(seed),
  epochs: 12,
});
for await (const { end } of train(model, data, { training })) if (end) console.log(weightsDigest(model));
