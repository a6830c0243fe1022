import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { measureCurves } from "./serving/curves.ts";
import { pictureOf, tableOf } from "./serving/curves-picture.ts";
import { type Loaded, measureLoad } from "./serving/load.ts";
import { ratiosOf } from "./serving/ratios.ts";
import { prepare, type Task, tasks } from "./serving/tasks.ts";

// `npm run bench -- serving [iris cnn text] [--seconds 10] [--connections 50] [--rounds 1] [--curves]`: the same body, the
// same answer and the same monitoring by ours and by what a team would use instead. The server's CPU time a request is the
// figure that a busy machine changes least; the load comes from the same machine. The best of the rounds counts. With
// --curves a picture of speed against connections and batch size is added, in outputs/bench.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "10" },
    connections: { type: "string", default: "50" },
    rounds: { type: "string", default: "1" },
    curves: { type: "boolean", default: false },
  },
});
const asked = positionals.length > 0 ? z.array(z.enum(tasks)).parse(positionals) : tasks;
const seconds = Number(values.seconds);
// Fifty texts are more than half a second of work: more than ours keeps waiting before it says that it is busy.
const connectionsOf = (task: Task) => (task === "text" ? 16 : Number(values.connections));
await using folder = await temporaryFolder();

const best: Partial<Record<Task, Record<string, Loaded>>> = {};
let hasFailed = false;
for (const task of asked) {
  const contestants = await prepare[task](folder.path);
  const found: Record<string, Loaded> = {};
  for (let round = 1; round <= Number(values.rounds); round++) {
    console.log(`${task}, round ${round}: ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
    for (const [name, contestant] of Object.entries(contestants)) {
      await using server = await contestant.start();
      const loaded = await measureLoad(server, { ...contestant.asked, connections: connectionsOf(task), seconds });
      const { perSecond, cpuMs, p50, p99, failed } = loaded;
      const speed = `${perSecond.toFixed(0).padStart(6)}/s ${cpuMs.toFixed(3)} CPU ms`;
      console.log(
        `${task.padEnd(5)}${name.padEnd(27)}${speed}  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  ${failed} failed`,
      );
      const before = found[name];
      if (!before || cpuMs < before.cpuMs) found[name] = loaded;
      hasFailed ||= failed > 0;
    }
  }
  best[task] = found;
}

if (values.curves) {
  const out = resolve(import.meta.dirname, "../../outputs/bench");
  await mkdir(out, { recursive: true });
  const points = await measureCurves(folder.path, seconds);
  const table = tableOf(points);
  await writeFile(join(out, "serving.svg"), await pictureOf(points));
  await writeFile(join(out, "serving.md"), table);
  console.log(`${table}\n${join(out, "serving.svg")}`);
}
for (const [name, ratio] of Object.entries(ratiosOf(best))) console.log(`ratio ${name} ${ratio.toFixed(3)}`);
if (hasFailed) process.exitCode = 1;
