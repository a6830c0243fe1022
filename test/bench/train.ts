import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { cifar10Files, writeCifar10 } from "#test/parts/cifar10.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { type Calls, measureCalls, type Size } from "./train/calls.ts";
import { describe, type Life, runBoth } from "./train/programs.ts";
import { measureThroughput } from "./train/throughput.ts";

// `npm run bench -- train [ROUNDS] [ROOT]`: a small CNN and iris, ours and Keras' in turn (and PyTorch's calls of the CNN); the
// best of the rounds counts, since a shared machine only ever adds to a time. CIFAR-10 is read from ROOT/cifar10.
const root = resolve(import.meta.dirname, "../..");
const rounds = Number(process.argv[2] ?? 3);
const given = resolve(root, process.argv[3] ?? "../shared/data");
const epochs = { cnn: 3, iris: 50 };

await using folder = await temporaryFolder();
const hasImages = existsSync(join(given, "cifar10"));
if (!hasImages) await writeCifar10(folder.path, cifar10Files(8000, 1000));
const images = hasImages ? given : folder.path;
console.log(
  `${availableParallelism()} cores; images: ${hasImages ? "CIFAR-10" : "made-up ones, there is no CIFAR-10"}`,
);
console.log("oneDNN is on for both: where TensorFlow leaves it off by itself, Keras is slower than here");

interface Measured {
  calls: Calls;
  cnn: Life;
  iris: Life;
}
const ours: Measured[] = [];
const keras: Measured[] = [];
for (let round = 1; round <= rounds; round++) {
  const calls = { ours: await measureCalls("cnn.ts", [64, 1]), keras: await measureCalls("cnn.py", [64, 1]) };
  const torch = await measureCalls("cnn-torch.py", [64, 1]);
  const cnn = await runBoth("cnn-program", images, epochs.cnn);
  const iris = await runBoth("iris-program", join(root, "training/data/samples"), epochs.iris);
  console.log(`round ${round}, PyTorch\n  calls ${JSON.stringify(torch)}`);
  ours.push({ calls: calls.ours, cnn: cnn.ours, iris: iris.ours });
  keras.push({ calls: calls.keras, cnn: cnn.keras, iris: iris.keras });
  for (const who of ["ours", "keras"] as const) {
    console.log(`round ${round}, ${who}\n  calls ${JSON.stringify(calls[who])}`);
    console.log(`  cnn   ${describe(cnn[who])}\n  iris  ${describe(iris[who])}`);
  }
}
console.log(`\n${await measureThroughput(join(root, "outputs/bench"))}`);

const sizeOf = ({ calls }: Measured, rows: number): Size => {
  const size = calls.sizes.find((each) => each.rows === rows);
  if (!size) throw new Error(`batches of ${rows} were not measured`);
  return size;
};
const figures: Record<string, (measured: Measured) => number | undefined> = {
  "cnn-step-cpu": (measured) => sizeOf(measured, 64).step?.cpu,
  "cnn-step-wall": (measured) => sizeOf(measured, 64).step?.wall,
  "cnn-infer-64-cpu": (measured) => sizeOf(measured, 64).infer.cpu,
  "cnn-infer-1-cpu": (measured) => sizeOf(measured, 1).infer.cpu,
  "cnn-peak-memory": ({ calls }) => calls.memory,
  "cnn-program-wall": ({ cnn }) => cnn.wall,
  "iris-program-wall": ({ iris }) => iris.wall,
};
const best = (all: readonly Measured[], of: (measured: Measured) => number | undefined) =>
  Math.min(...all.map((measured) => of(measured) ?? Number.NaN));
for (const [name, of] of Object.entries(figures)) {
  console.log(`ratio ${name} ${(best(ours, of) / best(keras, of)).toFixed(3)}`);
}
