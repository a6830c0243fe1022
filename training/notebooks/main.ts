import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join, resolve } from "node:path";
import { readTools } from "#config/tools.ts";

// `npm run lab -- [options of JupyterLab]`
const root = resolve(import.meta.dirname, "../..");
const { jupyterPython, notebookKernels } = readTools(root);
if (jupyterPython === undefined || notebookKernels === undefined)
  throw new Error("no JupyterLab: `npm run lab` has it prepared");
const kernels = [notebookKernels, process.env["JUPYTER_PATH"]].filter(Boolean).join(delimiter);
const options = [`--ServerApp.root_dir=${root}`, "--LabApp.default_url=/lab/tree/training/notebooks/train.ipynb"];
const lab = spawn(jupyterPython, ["-m", "jupyterlab", ...options, ...process.argv.slice(2)], {
  cwd: join(root, "training/notebooks"),
  env: { ...process.env, JUPYTER_PATH: kernels },
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => lab.kill(signal)); // it asks, or ends its kernels
const [code] = (await once(lab, "close")) as [number | null];
process.exitCode = code ?? 1;
