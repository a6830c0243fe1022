import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { annotate } from "#actions/io/annotate.ts";
import { readEvent } from "#actions/io/event.ts";
import { commonInputs, Flag, readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { ExitCode } from "#config/exit-code.ts";

// An action that hands everything on: what its inputs and the event are, and text of others
const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string(),
  count: z.coerce.number().int().default(1),
  comment: Flag.default(true),
  text: z.string().default(""),
  end: z.enum(["well", "held", "late"]).default("well"),
});

await runAction(async () => {
  const inputs = readInputs(Inputs);
  info(inputs.text);
  annotate({ level: "warning", message: inputs.text, title: inputs.text, file: "config/dev.yaml", line: 3 });
  await writeSummary(inputs.text);
  setOutputs({
    inputs: JSON.stringify(inputs),
    event: JSON.stringify(await readEvent()),
    text: inputs.text,
    none: undefined,
  });
  if (inputs.end === "late") await sleep(1).then(() => Promise.reject(new Error("too late::error::")));
  return inputs.end === "held" ? { code: ExitCode.held, reason: "held: too few examples" } : undefined;
});
