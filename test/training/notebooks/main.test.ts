import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "#test/parts/mlflow.ts";

const root = resolve(import.meta.dirname, "../../..");

test("npm run lab opens JupyterLab on the repository with the TypeScript kernel, and SIGTERM ends it", async () => {
  const port = await freePort();
  const options = [
    `--port=${port}`,
    "--ServerApp.port_retries=0",
    "--no-browser",
    "--allow-root",
    "--IdentityProvider.token=secret",
  ];
  const lab = spawn(process.execPath, [resolve(root, "training/notebooks/main.ts"), ...options], { stdio: "ignore" });
  const ended = once(lab, "close");
  try {
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
        headers: { authorization: "token secret" },
      });
      return (await answer.json()) as unknown;
    };
    await expect
      .poll(() => ask("kernelspecs").catch(() => undefined), { timeout: 100_000, interval: 250 })
      .toMatchObject({
        kernelspecs: { typescript: { spec: { display_name: "TypeScript", language: "typescript" } } },
      });
    expect(await ask("contents/training/notebooks/train.ipynb?content=0")).toMatchObject({ type: "notebook" });
  } finally {
    lab.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
});
