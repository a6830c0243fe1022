import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

/** A command line with its environment. */
export interface LaunchCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
}

// Python's garbage collector runs every 700 new objects: at 100,000 starting takes 7 %, storing a batch 20 % less time
const bootstrap = "import gc; gc.set_threshold(100_000, 50, 50); import uvicorn; uvicorn.main()";

/**
 * How to start MLflow on loopback with SQLite and artifacts in `folder`, in one process. `mlflow server` imports MLflow
 * twice, in its command line and again in the server that it starts (10 s against 6 s on two cores): this is that second
 * process by itself. The names that start with an underscore are what MLflow 3.17's command line hands over to it
 * (mlflow/server/__init__.py, `_run_server`), which is why set-up pins MLflow.
 */
export function launchCommand(
  python: string,
  port: number,
  inherited: Readonly<Record<string, string | undefined>>,
): LaunchCommand {
  const serve = [
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--workers",
    "1",
    "--no-access-log",
    "mlflow.server.fastapi_app:app",
  ];
  return {
    command: python,
    args: ["-I", "-c", bootstrap, ...serve],
    env: {
      ...Object.fromEntries(Object.entries(inherited).filter((entry): entry is [string, string] => foreign(entry))),
      _MLFLOW_SERVER_FILE_STORE: "sqlite:///mlflow.db",
      _MLFLOW_SERVER_REGISTRY_STORE: "sqlite:///mlflow.db",
      _MLFLOW_SERVER_ARTIFACT_ROOT: "mlflow-artifacts:/",
      _MLFLOW_SERVER_ARTIFACT_DESTINATION: "./artifacts",
      _MLFLOW_SERVER_SERVE_ARTIFACTS: "true",
      _MLFLOW_SGI_NAME: "uvicorn",
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", // 515 MB instead of 2 GB
      MLFLOW_DISABLE_TELEMETRY: "true",
    },
  };
}

/** Starts MLflow in `folder`, which is made, as a process of its own that outlives this one. Its log is `mlflow.log` there. */
export function launch(folder: string, { command, args, env }: LaunchCommand): ChildProcess {
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "mlflow.log"), "a");
  const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ["ignore", log, log] });
  child.unref();
  return child;
}

// The user's MLflow settings are for clients (credentials among them); the server has its own
function foreign([name, value]: [string, string | undefined]): boolean {
  return value !== undefined && !/^_?MLFLOW_/.test(name);
}
