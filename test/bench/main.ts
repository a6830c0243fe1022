import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

// `npm run bench -- NAME [arguments]` runs NAME.ts of this folder
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts")
  .map((file) => file.slice(0, -".ts".length))
  .sort();
const [name = "--help", ...rest] = process.argv.slice(2);

if (name === "--help") {
  console.log(
    `npm run bench -- NAME [arguments]\n\nNAME is one of: ${names.join(", ")}. Each prints what it measures and ends in lines "ratio NAME VALUE".`,
  );
} else if (names.includes(name)) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...rest], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} else {
  console.error(`there is no benchmark ${name}: name one of ${names.join(", ")}`);
  process.exitCode = 42;
}
