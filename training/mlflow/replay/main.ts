import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { mlflowCredentials } from "#training/mlflow/credentials.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { replay } from "#training/mlflow/replay.ts";

const help = `Sends the journal of a run that MLflow has not seen, or not to its end.

  npm run replay -- JOURNAL [--uri http://localhost:5000] [--end FINISHED|FAILED|KILLED]

JOURNAL  the file that training named when MLflow was away. What arrived before is not doubled.
--uri    of MLflow's tracking server; else MLFLOW_TRACKING_URI
--end    how the run ended, when it was killed before it could say so itself

MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, are used when set.
Exit codes: 0 all of it is in MLflow, 4 MLflow does not answer or refuses, 42 wrong input.`;

const Arguments = z.strictObject({
  uri: z.url({ protocol: /^https?$/ }),
  end: z.enum(["FINISHED", "FAILED", "KILLED"]).optional(),
});

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  const away = error instanceof MlflowError || error instanceof MlflowUnreachableError;
  process.exitCode = away ? ExitCode.held : exitCodeOf(error);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [journal, ...more] = positionals;
  if (values.help) return console.log(help);
  if (journal === undefined || more.length > 0) throw new BadInputError(`name one journal\n\n${help}`);
  if (!existsSync(journal)) throw new BadInputError(`there is no file ${journal}`);
  const { env } = process;
  const parsed = Arguments.safeParse({
    uri: values.uri ?? env["MLFLOW_TRACKING_URI"] ?? "http://localhost:5000",
    end: values.end,
  });
  if (!parsed.success) throw new BadInputError(z.prettifyError(parsed.error));
  const client = createMlflowClient({
    trackingUri: parsed.data.uri,
    ...mlflowCredentials(env),
  });
  const { run, ended, sent } = await replay(journal, { client, end: parsed.data.end });
  console.log(
    `${sent ? "sent" : "already there"}: ${run.trackingUri}/#/experiments/${run.experimentId}/runs/${run.runId}`,
  );
  if (!ended) console.log("The journal does not say how the run ended: if it is over, add --end KILLED");
}

function readArguments() {
  const options = { help: { type: "boolean" }, uri: { type: "string" }, end: { type: "string" } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}\n\n${help}`, { cause });
  }
}
