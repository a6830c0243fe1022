import { runNamed } from "#test/parts/named-program.ts";

const about = 'Each prints what it measures and ends in lines "ratio NAME VALUE".';
process.exitCode = runNamed(import.meta.dirname, { command: "bench", about, args: process.argv.slice(2) });
