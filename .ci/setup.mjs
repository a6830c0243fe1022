// Prepares what a command of this project needs: `node .ci/setup.mjs packages|run|test`. Needs nothing but Node >= 20; does
// nothing the second time. Downloads and builds go to the user's cache, where every checkout finds them.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keyOf } from "./setup/cache.mjs";
import { kustomize, kustomizeVersion } from "./setup/kustomize.mjs";
import { installPackages } from "./setup/packages.mjs";
import { say } from "./setup/progress.mjs";
import { environment, findPython, pythonRemedy } from "./setup/python.mjs";

const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "..");
const goals = ["packages", "run", "test"];

const mlflow = {
  lock: "mlflow.txt",
  modules: ["mlflow.cli", "mlflow.server.fastapi_app", "mlflow.store.tracking.sqlalchemy_store"],
  title: "MLflow",
  why: "a Python environment, 200 MB once",
};
const oracles = {
  lock: "oracles.txt",
  modules: ["mlflow.pyfunc", "mlflow.tensorflow", "scipy.stats", "sklearn.linear_model", "statsmodels.api", "tf_keras"],
  title: "TensorFlow, scikit-learn and others that tests compare with",
  why: "a Python environment, 600 MB once",
};

// a key of config/tools.ts, the goals that need it, what its making depends on, and how it is made with the machine's Python
const tools = [
  {
    name: "mlflowPython",
    goals: ["run", "test"],
    inputs: () => read(`.ci/python/${mlflow.lock}`),
    make: (python) => environment(root, python, mlflow),
  },
  {
    name: "oraclesPython",
    goals: ["test"],
    inputs: () => read(`.ci/python/${oracles.lock}`),
    make: (python) => environment(root, python, oracles),
  },
  {
    name: "kustomize",
    goals: ["test"],
    inputs: () => kustomizeVersion,
    make: (python) => kustomize(root, python),
  },
];

try {
  await setUp(process.argv[2]);
} catch (error) {
  const text = error.step ? `${error.step}\n${error.message}` : error.message;
  say(`failed: ${text.split("\n").join("\n  ")}`);
  process.exitCode = 1;
}

async function setUp(goal) {
  if (!goals.includes(goal)) throw new Error(`expected one of ${goals.join(", ")}, got ${goal}`);
  await installPackages(root);
  const made = await readRecord("tools.json");
  const keys = await readRecord("setup.json");
  const current = (tool) => keys[tool.name] === keyOf(tool.inputs()) && existsSync(made[tool.name] ?? "");
  const missing = tools.filter((tool) => tool.goals.includes(goal) && !current(tool));
  if (missing.length === 0) return;

  const python = await findPython();
  if (!python && goal === "test") throw new Error(`no Python 3.10 or newer on PATH\nremedy: ${pythonRemedy}`);
  if (!python) return say(`no Python 3.10 or newer on PATH: going on without MLflow. To have it, ${pythonRemedy}`);
  // all at once: most of the time goes to the network
  const results = await Promise.allSettled(missing.map((tool) => tool.make(python)));
  for (const [index, tool] of missing.entries()) {
    const { status, value } = results[index];
    if (status === "fulfilled") Object.assign(made, { [tool.name]: value });
    if (status === "fulfilled") Object.assign(keys, { [tool.name]: keyOf(tool.inputs()) });
  }
  await writeRecord("tools.json", made);
  await writeRecord("setup.json", keys);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

async function readRecord(name) {
  try {
    return JSON.parse(read(`node_modules/.cache/slipway/${name}`));
  } catch {
    return {};
  }
}

async function writeRecord(name, value) {
  const path = join(root, "node_modules/.cache/slipway", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, JSON.stringify(value));
  await rename(`${path}.${process.pid}`, path);
}
