import { once } from "node:events";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { inject } from "vitest";
import { readTools } from "#config/tools.ts";
import { launch, launchCommand } from "#training/mlflow/launch.ts";
import { ready } from "#training/mlflow/probe.ts";
import { ensureMlflow } from "#training/mlflow/server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const startupMs = 120_000;

/** The Python that has the pinned MLflow. */
export function mlflowPython(): string {
  const python = readTools(root).mlflowPython;
  if (!python) throw new Error("no Python with MLflow: run `npm test`, whose set-up prepares it");
  return python;
}

/** The real MLflow that every test file of one run shares, started by the first that asks. Tests here never stop it. */
export async function sharedMlflow(): Promise<{ uri: string; folder: string }> {
  const folder = inject("mlflowFolder");
  const uri = `http://127.0.0.1:${inject("mlflowPort")}`;
  const server = await ensureMlflow({ uri, folder, python: mlflowPython(), info: () => undefined });
  if (server.kind !== "started" && server.kind !== "running")
    throw new Error(`no MLflow for the tests: ${server.reason}`);
  return { uri: server.uri, folder };
}

/** A real MLflow of the test's own on a free port, with its database and artifacts in a fresh folder. */
export async function startMlflow(): Promise<
  AsyncDisposable & {
    uri: string;
    folder: string;
    /** Ends it: SIGKILL, or gently by another signal. */
    stop(signal?: NodeJS.Signals): Promise<void>;
    /** Starts it again on the same port and database. */
    start(): Promise<void>;
  }
> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  let child: ReturnType<typeof launch> | undefined;

  const start = async () => {
    const started = launch(folder.path, launchCommand(mlflowPython(), port, process.env));
    child = started;
    const ended = once(started, "exit").then(([code]) => `it ended with code ${code}`);
    const outcome = await Promise.race([
      ended,
      ready(uri, { ms: startupMs }).then((version) => version && { version }),
    ]);
    if (typeof outcome !== "object")
      throw new Error(`MLflow did not start: ${outcome ?? "no answer"}; see ${folder.path}/mlflow.log`);
  };
  const stop = async (signal: NodeJS.Signals = "SIGKILL") => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };

  await start();
  return {
    uri,
    folder: folder.path,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A port on loopback on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
