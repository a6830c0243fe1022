import { runNamed } from "#test/parts/named-program.ts";

const about = "Each proves something that takes too long for the tests, and exits with 1 where it does not hold.";
process.exitCode = runNamed(import.meta.dirname, { command: "long", about, args: process.argv.slice(2) });
