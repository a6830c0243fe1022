import { withOwnMlflow } from "#test/parts/own-mlflow.ts";
import { benchLogging } from "./overhead/mlflow-logging.ts";
import { benchWarmStart } from "./overhead/warm-start.ts";

// What the road costs beside training: `overhead [STEPS]`
await withOwnMlflow(async (mlflow) => {
  await benchWarmStart(mlflow.uri);
  await benchLogging(Number(process.argv[2] ?? 1_000), mlflow);
});
