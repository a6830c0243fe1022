import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { npmFolder } from "./npm-folder.mjs";

/**
 * A folder for JUPYTER_PATH with the TypeScript kernel of `.ci/workbench` on this checkout's Node.
 * https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
 */
export async function notebookKernel(root) {
  const packages = await npmFolder(join(root, ".ci/workbench"), {
    title: "tslab",
    why: "the TypeScript kernel of notebooks, 90 MB once",
  });
  const folder = join(root, "node_modules/.cache/slipway/jupyter");
  const specification = {
    argv: [
      join(root, "node_modules/.bin/node"),
      join(packages, "tslab/bin/tslab"),
      ...["kernel", "--config-path", "{connection_file}"],
    ],
    display_name: "TypeScript",
    language: "typescript",
  };
  const kernel = join(folder, "kernels/typescript");
  await mkdir(kernel, { recursive: true });
  await writeFile(join(kernel, "kernel.json"), `${JSON.stringify(specification, null, 2)}\n`);
  return folder;
}
