import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPeer } from "#test/bench/serving/start.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { runLocust } from "#test/parts/locust.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

// `npm run long -- users [--users 50] [--seconds 60]`: Locust's users on our server and on FastAPI, one after the other. No
// request of ours may fail. Locust takes more of the machine than either, so it tells whether they hold, not how fast.
const { values } = parseArgs({
  options: { users: { type: "string", default: "50" }, seconds: { type: "string", default: "60" } },
});
const asked = { path: "/predict", type: "application/json", bodies: [Buffer.from(JSON.stringify(flower))] };
const load = { users: Number(values.users), seconds: Number(values.seconds), body: flower };

await using folder = await temporaryFolder();
const [model, rowsFile] = [join(folder.path, "model"), join(folder.path, "rows.json")];
await writeIrisPackage(model);
const rows = await parseIris();
await writeFile(rowsFile, JSON.stringify({ inputs: rows, labels: rows.map((_, at) => Math.floor(at / 50)) }));
const servers = {
  ours: () => startServing(["--package", model]),
  FastAPI: () => startPeer("iris.py", { asked, before: ["async"], after: [rowsFile] }),
};
for (const [name, start] of Object.entries(servers)) {
  await using server = await start();
  const { requests, failures, perSecond, p95 } = await runLocust(server.url, load);
  const holds = requests > 0 && failures === 0;
  const machine = `load ${loadavg()[0]?.toFixed(1)}`;
  console.log(
    `${holds ? "yes" : "NO "} ${name}: ${requests} requests of ${load.users} users, ${failures} failed, ${perSecond.toFixed(0)}/s, 95 % within ${p95} ms (${machine})`,
  );
  if (name === "ours" && !holds) process.exitCode = 1;
}
