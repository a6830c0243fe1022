import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { request } from "undici";
import { beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readTools } from "#config/tools.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { features, writeIrisPackage } from "#test/parts/iris-served.ts";
import { kustomizeBuild } from "#test/parts/kustomize.ts";
import type { PrometheusRule } from "#test/parts/monitoring.ts";
import { startServing } from "#test/parts/serving.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

let prometheus: string;
let rules: string;
beforeAll(async () => {
  const { prometheus: found } = readTools(root);
  if (!found) throw new Error("no Prometheus: run `npm run test:e2e`, whose set-up installs it");
  prometheus = found;
  const { PrometheusRule } = await kustomizeBuild(join(root, "manifests/platform/monitoring"));
  rules = stringify((PrometheusRule as PrometheusRule).spec);
});

const series = (name: string, labels: string, values: string) => ({
  series: `${name}{namespace="prod",model="iris",pod="a",${labels}}`,
  values,
});

const fired = (severity: "warning" | "critical", exp_annotations: Record<string, string>) => ({
  exp_labels: { severity, namespace: "prod", model: "iris" },
  exp_annotations,
});

test("promtool takes the rules, and they say what they are to say of series by hand", async () => {
  await using folder = await temporaryFolder();
  const promtool = join(dirname(prometheus), "promtool");
  await writeFile(join(folder.path, "rules.yaml"), rules);
  const { stdout } = await run(promtool, ["check", "rules", join(folder.path, "rules.yaml")]);
  expect(stdout).toContain("SUCCESS");
  // 80 % and 20 % where a half each is expected: 0.3 ln 1.6 - 0.3 ln 0.4
  const psi = 0.3 * Math.log(1.6) - 0.3 * Math.log(0.4);
  const tests = {
    rule_files: ["rules.yaml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: [
          series("model_input_values_total", 'input="x",bin="0"', "0+80x180"),
          series("model_input_values_total", 'input="x",bin="1"', "0+20x180"),
          series("model_input_reference_ratio", 'input="x",bin="0"', "0.5x180"),
          series("model_input_reference_ratio", 'input="x",bin="1"', "0.5x180"),
          series("predictions_total", 'class="one"', "0+50x180"),
          series("predictions_total", 'class="other"', "0+50x180"),
          series("prediction_reference_ratio", 'class="one"', "0.5x180"),
          series("prediction_reference_ratio", 'class="other"', "0.5x180"),
          series("model_ready", "", "0x180"),
          series("http_request_duration_seconds_count", 'route="/predict",status="200"', "0+95x180"),
          series("http_request_duration_seconds_count", 'route="/predict",status="503"', "_x60 0+5x120"),
          series("model_queue_depth", "", "501x180"),
          series("model_process_restarts_total", "", "0x90 1 2 3x90"),
        ],
        promql_expr_test: [
          {
            expr: "round(serving:input_psi:1h, 0.0001)",
            eval_time: "2h",
            exp_samples: [
              {
                labels: '{namespace="prod",model="iris",input="x"}',
                value: Number(psi.toFixed(4)),
              },
            ],
          },
          {
            expr: "serving:failures:ratio5m",
            eval_time: "50m",
            exp_samples: [{ labels: 'serving:failures:ratio5m{namespace="prod",model="iris"}', value: 0 }],
          },
          {
            expr: "round(serving:class_psi:1h, 0.0001)",
            eval_time: "2h",
            exp_samples: [{ labels: '{namespace="prod",model="iris"}', value: 0 }],
          },
        ],
        alert_rule_test: [
          {
            eval_time: "3h",
            alertname: "InputDrift",
            exp_alerts: [
              {
                exp_labels: { severity: "warning", namespace: "prod", model: "iris", input: "x" },
                exp_annotations: {
                  summary: "x of iris in prod is not what the model was trained on (PSI 0.42)",
                  description: "npm run drift compares the request log with the package and says how it differs.",
                },
              },
            ],
          },
          { eval_time: "3h", alertname: "PredictionDrift", exp_alerts: [] },
          { eval_time: "4m", alertname: "ServingNotReady", exp_alerts: [] },
          {
            eval_time: "6m",
            alertname: "ServingNotReady",
            exp_alerts: [
              fired("critical", {
                summary: "A server of iris in prod has not been ready for 5 minutes",
                description:
                  "GET /health/ready says why: a package at fault, or a model's process that does not start.",
              }),
            ],
          },
          { eval_time: "50m", alertname: "ServingFails", exp_alerts: [] },
          {
            eval_time: "2h",
            alertname: "ServingFails",
            exp_alerts: [
              fired("critical", {
                summary: "5% of the requests to iris in prod fail",
                description: "503 means that it is asked more than it can answer in time, or that its process is away.",
              }),
            ],
          },
          {
            eval_time: "6m",
            alertname: "ServingQueueLong",
            exp_alerts: [fired("warning", { summary: "501 requests wait for iris in prod: it needs more replicas" })],
          },
          { eval_time: "80m", alertname: "ModelProcessRestarts", exp_alerts: [] },
          {
            eval_time: "95m",
            alertname: "ModelProcessRestarts",
            exp_alerts: [
              fired("critical", {
                summary: "The process of iris in prod ended 3 times in half an hour",
                description: "Its pod's log says by which signal; SIGKILL is mostly memory.",
              }),
            ],
          },
        ],
      },
    ],
  };
  await writeFile(join(folder.path, "tests.yaml"), stringify(tests));
  const tested = await run(promtool, ["test", "rules", join(folder.path, "tests.yaml")]);
  expect(tested.stdout).toContain("SUCCESS");
});

test("a real Prometheus scrapes a real server, and its rules find what drifted", async () => {
  await using folder = await temporaryFolder();
  const model = join(folder.path, "model");
  const rows = await parseIris();
  await writeIrisPackage(model, undefined, rows);
  await using server = await startServing(["--package", model]);
  await writeFile(join(folder.path, "rules.yaml"), rules.replaceAll("interval: 1m", "interval: 1s"));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yaml"],
    scrape_configs: [
      {
        job_name: "serving",
        static_configs: [{ targets: [new URL(server.url).host], labels: { namespace: "prod", model: "iris" } }],
      },
    ],
  };
  await writeFile(join(folder.path, "prometheus.yaml"), stringify(config));
  const port = await firstFreePort(20_000 + Math.floor(Math.random() * 10_000));
  const child = spawn(
    prometheus,
    [
      `--config.file=${join(folder.path, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder.path, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "exit");
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  try {
    const query = async (expr: string): Promise<Record<string, number>> => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`;
      if (child.exitCode !== null) throw new Error(`Prometheus ended: ${complaint.slice(-2000)}`);
      const { body } = await request(url).catch(() => ({ body: undefined }));
      const answer = (await body?.json()) as
        | { data?: { result?: { metric: Record<string, string>; value: [number, string] }[] } }
        | undefined;
      const results = answer?.data?.result ?? [];
      return Object.fromEntries(results.map(({ metric, value }) => [metric["input"] ?? "", Number(value[1])]));
    };
    await expect.poll(() => query("up"), { timeout: 60_000 }).toEqual({ "": 1 });
    const askAll = async () => {
      for (const row of rows) {
        const shifted = features.map(({ name }, at) => [name, (row[at] ?? 0) + (name === "petal_length" ? 3 : 0)]);
        const body = JSON.stringify(Object.fromEntries(shifted));
        const headers = { "content-type": "application/json" };
        await (await request(`${server.url}/predict`, { method: "POST", headers, body })).body.dump();
      }
    };
    const psi = () => query("serving:input_psi:1h");
    const psiWhileAsked = async () => {
      await askAll(); // a rate needs counters that grow from one scrape to the next
      return (await psi())["petal_length"];
    };
    await expect.poll(psiWhileAsked, { timeout: 60_000 }).toBeGreaterThan(0.25);
    expect((await psi())["sepal_width"]).toBeLessThan(0.1);
    await expect.poll(async () => (await query("serving:requests:rate5m"))[""], { timeout: 60_000 }).toBeGreaterThan(0);
    expect((await query("serving:cpu_seconds_per_prediction:mean5m"))[""]).toBeGreaterThan(0);
    expect(await query("serving:failures:ratio5m")).toEqual({ "": 0 });
    expect(await query('max(model_info{name="model"} or model_ready)')).toEqual({ "": 1 });
  } finally {
    child.kill();
    await ended;
  }
});
