import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readTools } from "#config/tools.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";
import { ensureMlflow } from "#training/mlflow/server.ts";

/** A real MLflow for a program that is no test file: does `work` with it and ends it. */
export async function withOwnMlflow<T>(
  work: (mlflow: { uri: string; python: string; folder: string }) => Promise<T>,
): Promise<T> {
  const python = readTools(resolve(import.meta.dirname, "../..")).mlflowPython;
  if (!python) throw new Error("no Python with MLflow: run `npm start` once, whose set-up prepares it");
  await using folder = await mkdtempDisposable(join(tmpdir(), "slipway-bench-"));
  const port = (await firstFreePort(20_000 + Math.floor(Math.random() * 10_000))) ?? 0;
  const uri = `http://127.0.0.1:${port}`;
  const server = await ensureMlflow({ uri, folder: folder.path, python, info: console.log });
  if (server.kind !== "started") throw new Error(`no MLflow of its own: ${server.kind}`);
  try {
    return await work({ uri, python, folder: folder.path });
  } finally {
    process.kill(server.pid);
  }
}
