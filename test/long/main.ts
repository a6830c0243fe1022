import { runNamed } from "#test/parts/named-program.ts";

const about = "Each proves something that takes too long for the tests, and exits with 1 where it does not hold.";
const programs = {
  cifar10: "[--set PATH=VALUE ...]",
  kills: "[--model iris] [--kills 20] [--set PATH=VALUE ...]",
  serving: "[--minutes 15] [--connections 50]",
  text: "[sms_spam] [sst2] [--seeds 3]",
  users: "[--users 50] [--seconds 60]",
};
process.exitCode = runNamed(import.meta.dirname, { command: "long", about, programs, args: process.argv.slice(2) });
