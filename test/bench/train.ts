import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readTools } from "#config/tools.ts";

// `npm run bench -- train [rounds]`: one training step and inference of a small CNN, ours and Keras', in turn; the best of
// the rounds counts, since a shared machine only ever adds to a time
const Time = z.object({ cpu: z.number(), wall: z.number() }); // ms
const Figures = z.object({ step: Time, "infer-64": Time, "infer-1": Time, memory: z.number() }); // MiB
type Figures = z.infer<typeof Figures>;

const rounds = Number(process.argv[2] ?? 3);
const folder = join(import.meta.dirname, "train");
const python = readTools(resolve(import.meta.dirname, "../..")).oraclesPython;
if (!python) throw new Error("no Python with Keras: run `npm test`, whose set-up prepares it");

const measure = (program: string, script: string): Figures => {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", TF_ENABLE_ONEDNN_OPTS: "1", CUDA_VISIBLE_DEVICES: "-1" };
  const output = execFileSync(program, [join(folder, script)], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return Figures.parse(JSON.parse(output));
};

const best = (all: readonly Figures[], of: (figures: Figures) => number) => Math.min(...all.map(of));
const ours: Figures[] = [];
const keras: Figures[] = [];
for (let round = 1; round <= rounds; round++) {
  ours.push(measure(process.execPath, "cnn.ts"));
  keras.push(measure(python, "cnn.py"));
  console.log(`round ${round}\n  ours  ${JSON.stringify(ours.at(-1))}\n  keras ${JSON.stringify(keras.at(-1))}`);
}

const figures: Record<string, (figures: Figures) => number> = {
  "cnn-step-cpu": ({ step }) => step.cpu,
  "cnn-step-wall": ({ step }) => step.wall,
  "cnn-infer-64-cpu": (given) => given["infer-64"].cpu,
  "cnn-infer-1-cpu": (given) => given["infer-1"].cpu,
  "cnn-peak-memory": ({ memory }) => memory,
};
for (const [name, of] of Object.entries(figures)) {
  console.log(`ratio ${name} ${(best(ours, of) / best(keras, of)).toFixed(3)}`);
}
