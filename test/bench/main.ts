import { runNamed } from "#test/parts/named-program.ts";

const about = 'Each prints what it measures and ends in lines "ratio NAME VALUE".';
const programs = {
  actions: "",
  gitops: "[--rounds 5]",
  overhead: "[STEPS]",
  serving: "[iris] [cnn] [text] [--seconds 10] [--connections 50] [--rounds 1] [--curves]",
  text: "[--rounds 2] [384] [768] [epoch] [tokenizer]",
  train: "[ROUNDS] [FOLDER OF DATA]",
};
process.exitCode = runNamed(import.meta.dirname, { command: "bench", about, programs, args: process.argv.slice(2) });
