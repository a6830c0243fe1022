// gh on the runner's PATH: what the workflows ask of it, over GitHub's API with the job's token
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { variable } from "./inputs.ts";

const text = { type: "string" } as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { repo: text, ref: text, jq: text, field: { type: "string", multiple: true, default: [] } },
});

if (positionals[0] === "api" && positionals.length === 2) {
  const answer = await ask("GET", positionals[1] ?? "");
  const filter = ["--raw-output", values.jq ?? "."];
  process.exitCode = spawnSync("jq", filter, { input: answer, stdio: ["pipe", "inherit", "inherit"] }).status ?? 1;
} else if (positionals.slice(0, 2).join(" ") === "workflow run" && positionals.length === 3) {
  const inputs = Object.fromEntries(values.field.map((field) => field.split(/=(.*)/s).slice(0, 2)));
  const path = `repos/${values.repo}/actions/workflows/${positionals[2]}/dispatches`;
  await ask("POST", path, { ref: values.ref, inputs });
} else throw new Error(`gh ${positionals.join(" ")}: not known here`);

async function ask(method: string, path: string, body?: object): Promise<string> {
  const headers = { authorization: `Bearer ${variable("GH_TOKEN")}`, "content-type": "application/json" };
  const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${variable("GITHUB_API_URL")}/${path}`, request);
  const told = await answer.text();
  if (!answer.ok) throw new Error(`gh: ${method} ${path}: HTTP ${answer.status} ${told}`);
  return told;
}
