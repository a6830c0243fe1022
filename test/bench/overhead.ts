import { benchLogging } from "./overhead/mlflow-logging.ts";

// What the pipeline costs beside training: `overhead [STEPS]`
await benchLogging(Number(process.argv[2] ?? 1_000));
