import { Serving } from "#config/serving.ts";
import { buildApp } from "#serving/app.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import { loadModel } from "#serving/load.ts";

// Our own server with batches of another size: ours.ts PORT PACKAGE MOST_ROWS
const [port, folder = "", rows] = process.argv.slice(2);
const knobs = Serving.parse({ maxBatchSize: Number(rows) });
const served = await loadModel({ folder, lineage: { name: "cifar10", version: "1" } }, { knobs });
if (served.kind === "broken") throw served.cause;
const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 10_000 };
const app = await buildApp({ served, lifecycle: createLifecycle(served), limits });
await app.listen({ host: "127.0.0.1", port: Number(port) });
