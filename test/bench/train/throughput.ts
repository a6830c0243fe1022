import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { render } from "#training/render.ts";
import { measureCalls } from "./calls.ts";

const batchSizes = [8, 32, 128, 512];

interface Speed {
  engine: "Slipway" | "Keras";
  work: "training" | "inference";
  threads: number;
  batchSize: number;
  imagesPerSecond: number;
}

/** Images per second at batch sizes and numbers of threads, as a table and a picture in `folder`. Returns the table. */
export async function measureThroughput(folder: string): Promise<string> {
  const speeds: Speed[] = [];
  for (let threads = 1; threads <= availableParallelism(); threads *= 2) {
    for (const [engine, script] of [["Slipway", "cnn.ts"] as const, ["Keras", "cnn.py"] as const]) {
      for (const { rows, step, infer } of (await measureCalls(script, batchSizes, threads)).sizes) {
        const speed = (work: Speed["work"], wall: number): Speed => ({
          ...{ engine, work, threads, batchSize: rows },
          imagesPerSecond: (rows * 1000) / wall,
        });
        speeds.push(speed("inference", infer.wall), ...(step ? [speed("training", step.wall)] : []));
      }
    }
  }
  const table = tableOf(speeds);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "images-per-second.md"), table);
  await writeFile(join(folder, "images-per-second.svg"), await picture(speeds));
  return table;
}

function tableOf(speeds: readonly Speed[]): string {
  const groups = Map.groupBy(speeds, ({ work, engine, threads }) => `${work} | ${engine} | ${threads}`);
  const lines = [...groups]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([group, row]) => {
      const cells = batchSizes.map((size) =>
        row.find(({ batchSize }) => batchSize === size)?.imagesPerSecond.toFixed(0),
      );
      return `| ${group} | ${cells.join(" | ")} |`;
    });
  const head = `| images per second | engine | threads | ${batchSizes.map((size) => `batch ${size}`).join(" | ")} |`;
  return `${[head, `| --- | --- |${" ---: |".repeat(1 + batchSizes.length)}`, ...lines].join("\n")}\n`;
}

async function picture(speeds: readonly Speed[]): Promise<string> {
  const batchSize = { field: "batchSize", type: "quantitative" as const, title: "batch size" };
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: "Images per second of a small CNN", subtitle: "best of the calls at each batch size" },
    data: { values: [...speeds] },
    facet: { column: { field: "work", type: "nominal", title: null, sort: ["training", "inference"] } },
    resolve: { scale: { y: "independent" } },
    spec: {
      ...{ width: 380, height: 260 },
      mark: { type: "line", strokeWidth: 2, point: true },
      encoding: {
        x: { ...batchSize, scale: { type: "log", base: 2 }, axis: { values: batchSizes, grid: false } },
        y: { field: "imagesPerSecond", type: "quantitative", title: "images per second", scale: { zero: true } },
        color: {
          field: "engine",
          type: "nominal",
          scale: { domain: ["Slipway", "Keras"], range: ["#2563eb", "#ea580c"] },
          legend: { title: null },
        },
        strokeDash: { field: "threads", type: "nominal", sort: "descending" },
      },
    },
  });
}
