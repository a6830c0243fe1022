import { loadActionConfig } from "#actions/io/config.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { ExitCode } from "#config/exit-code.ts";
import { outcome } from "#training/outcome.ts";
import { Inputs } from "./inputs.ts";
import { run } from "./run.ts";

const codes = { pass: ExitCode.done, fail: ExitCode.gateFailed, hold: ExitCode.held };

await runAction(async () => {
  const { model, evaluation, verdict: path, ...rest } = readInputs(Inputs);
  const config = await loadActionConfig(rest, model);
  const verdict = await run({ evaluation, verdict: path }, config.gate);
  for (const rule of verdict.rules) info(`${rule.name}: ${rule.kind}, ${rule.reason}`);
  const { kind, reason } = outcome(verdict, config.gate.onInconclusive);
  setOutputs({ verdict: verdict.kind, outcome: kind, reason });
  return { code: codes[kind], reason };
});
