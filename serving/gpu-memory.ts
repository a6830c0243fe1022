import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Gauge, type Registry } from "prom-client";

/** A GPU's memory as it was seen last. */
export interface GpuMemory {
  readonly gpu: string; // its index
  readonly usedBytes: number; // by all processes
  readonly totalBytes: number;
}

/** Looks at the memory of GPUs again and again; see `watchGpus`. */
export interface GpuWatch {
  memory(): readonly GpuMemory[];
  stop(): void;
}

const everyMs = 15_000; // as often as Prometheus asks
const timeoutMs = 5_000;
const query = ["--query-gpu=index,memory.used,memory.total", "--format=csv,noheader,nounits"];
const mebibyte = 2 ** 20;

/**
 * Watches the GPUs that this machine or container has, by NVIDIA's own program, which its container runtime brings along;
 * `undefined` where there is none.
 */
export async function watchGpus(): Promise<GpuWatch | undefined> {
  let memory = await readMemory();
  if (memory.length === 0) return undefined;
  const timer = setInterval(async () => {
    memory = await readMemory();
  }, everyMs);
  timer.unref();
  return { memory: () => memory, stop: () => clearInterval(timer) };
}

/** Gauges of what is watched; of a GPU that does not answer there is no figure. */
export function gpuMetrics(register: Registry, { memory }: GpuWatch): void {
  const figures = [
    [
      "gpu_memory_used_bytes",
      "Memory of the GPU in use, by whichever process",
      ({ usedBytes }: GpuMemory) => usedBytes,
    ],
    ["gpu_memory_total_bytes", "Memory that the GPU has", ({ totalBytes }: GpuMemory) => totalBytes],
  ] as const;
  for (const [name, help, read] of figures) {
    new Gauge({
      name,
      help,
      labelNames: ["gpu"],
      registers: [register],
      collect() {
        this.reset();
        for (const one of memory()) this.set({ gpu: one.gpu }, read(one));
      },
    });
  }
}

/** None where there is no such program or driver, or it hangs. */
async function readMemory(): Promise<GpuMemory[]> {
  const asked = promisify(execFile)("nvidia-smi", query, { timeout: timeoutMs, encoding: "utf8" });
  const text = await asked.then(
    ({ stdout }) => stdout,
    () => "",
  );
  return text.split("\n").flatMap((line) => {
    const [gpu = "", used, total] = line.split(",").map((cell) => cell.trim());
    const [usedBytes, totalBytes] = [Number(used) * mebibyte, Number(total) * mebibyte];
    return Number.isFinite(usedBytes) && Number.isFinite(totalBytes) ? [{ gpu, usedBytes, totalBytes }] : [];
  });
}
