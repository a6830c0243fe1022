// actions/cache: finds nothing, as a first run does
import { z } from "zod";
import { flag, inputsOf, lines, record, setOutput } from "./inputs.ts";

const { path, key } = inputsOf({
  path: lines,
  key: z.string(),
  "restore-keys": lines.optional(),
  "lookup-only": flag.optional(),
});
await record("cache", { path, key });
await setOutput("cache-hit", "");
await setOutput("cache-primary-key", key);
