import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { readTools } from "#config/tools.ts";
import { command } from "#test/parts/command.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";

const root = resolve(import.meta.dirname, "../../..");
const path = join(root, "training/notebooks/train.ipynb");

/** A notebook, as far as it is looked at. https://nbformat.readthedocs.io/en/latest/format_description.html */
const Text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(""))]);
const Output = z.object({
  output_type: z.string(),
  text: Text.optional(),
  data: z.record(z.string(), Text).optional(),
});
const Cell = z.object({
  id: z.string(),
  cell_type: z.enum(["code", "markdown"]),
  execution_count: z.int().nullish(),
  outputs: z.array(Output).default([]),
});
const Notebook = z.object({ cells: z.array(Cell) });

/** Executes the notebook by Jupyter's own client, without a page, and returns what each cell gave. */
async function execute(parameters: string, env: Record<string, string>) {
  const { jupyterPython = "", notebookKernels = "" } = readTools(root);
  const script = join(import.meta.dirname, "execute.py");
  const options = { env: { JUPYTER_PATH: notebookKernels, ...env } };
  const { cells } = Notebook.parse(JSON.parse(await command([jupyterPython, script, path, parameters], options)));
  return (id: string) => {
    const outputs = cells.find((cell) => cell.id === id)?.outputs ?? [];
    return outputs.map(({ text, data }) => text ?? data?.["text/html"] ?? "").join("");
  };
}

test("the notebook trains by the library as config/dev.yaml says, on native TensorFlow, and shows data, curves and predictions", async () => {
  const { uri } = await sharedMlflow();
  await using folder = await temporaryFolder();
  const checkpoint = join(folder.path, "checkpoint");
  await writeSmallCheckpoint(checkpoint);
  const settings = [
    "epochs=6",
    "learningRate=0.003",
    "transformer.maxTokens=48",
    `transformer.checkpoint=${checkpoint}`,
  ];
  const places = [`data.root=${folder.path}`, "tracking.experiment=notebook"];
  const set = [...settings.map((setting) => `training.${setting}`), ...places];
  const outputs = join(folder.path, "outputs");
  const outputOf = await execute(`const set: string[] = ${JSON.stringify(set)};`, {
    MLFLOW_TRACKING_URI: uri,
    SLIPWAY_OUTPUTS: outputs,
  });

  expect(outputOf("data")).toContain("copied the sample sample-small");
  expect(outputOf("data")).toMatch(/texts of 26 to 104 bytes, half of them up to/);
  expect(outputOf("data")).toContain("classes: { account: 120, billing: 120, delivery: 120, product: 120 }");
  expect(outputOf("training")).toContain("device: TensorFlow 2.");
  expect(outputOf("training").match(/^epoch \d\/6: loss/gm)).toHaveLength(6);
  expect(outputOf("curves")).toMatch(/^<svg /);
  expect(outputOf("curves")).toContain("text: learning curves");
  const rows = outputOf("answers").match(/<tr><td>.*?<\/tr>/g) ?? [];
  expect(rows).toHaveLength(10);
  expect(rows.filter((row) => /<td>(\w+)<\/td><td>\1<\/td><td>[01]\.\d{3}<\/td>/.test(row)).length).toBeGreaterThan(5);

  const client = createMlflowClient({ trackingUri: uri });
  const runs = await client.searchRuns({ experimentIds: [await client.getOrCreateExperiment("notebook")] });
  expect(runs).toMatchObject([{ status: "FINISHED", params: { epochs: "6" }, tags: { "slipway.device": "cpu" } }]);
  const [run] = runs;
  expect(outputOf("curves")).toContain(`/runs/${run?.runId}`);
  const points = await client.metricHistory(run?.runId ?? "", "val_accuracy");
  expect(points.map(({ step }) => step).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  const best = Math.max(...points.map(({ value }) => value));
  expect(Number(/accuracy on 94 validation examples: (\S+)/.exec(outputOf("predictions"))?.[1])).toBeGreaterThan(
    best - 0.1,
  );
}, 300_000);

test("a cell that fails ends the notebook with its error", async () => {
  const wrong = 'const set: string[] = ["training.epochs=none"];';
  await expect(execute(wrong, {})).rejects.toThrow(/training\.epochs/);
});

test("the notebook in git holds no outputs", async () => {
  const { cells } = Notebook.parse(JSON.parse(await readFile(path, "utf8")));
  for (const { id, outputs, execution_count } of cells) {
    expect(outputs, id).toEqual([]);
    expect(execution_count ?? null, id).toBeNull();
  }
});
