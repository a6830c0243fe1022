import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Programs that set-up (`.ci/setup.mjs`) prepared in the cache, as absolute paths; an absent one was not needed or could not be had. */
export const Tools = z.strictObject({
  mlflowPython: z.string().optional(), // a Python that has the pinned MLflow
  mlflowServerPython: z.string().optional(), // a Python that has what the image of manifests/platform has
  oraclesPython: z.string().optional(), // a Python that has MLflow, TensorFlow, PyTorch, scikit-learn, SciPy, statsmodels
  jupyterPython: z.string().optional(), // a Python that has JupyterLab and nbclient
  notebookKernels: z.string().optional(), // what JUPYTER_PATH has to name for the TypeScript kernel
  peersPython: z.string().optional(), // a Python that has FastAPI, LitServe, BentoML, scikit-learn, TensorFlow, PyTorch and ONNX
  mlserverPython: z.string().optional(), // a Python that has MLServer and MLflow
  clientsPython: z.string().optional(), // a Python; beside it are schemathesis and locust
  evidentlyPython: z.string().optional(), // a Python that has Evidently
  kustomize: z.string().optional(),
  kubeconform: z.string().optional(),
  kubernetesSchemas: z.string().optional(), // folder of what kubeconform holds manifests to
  clusterPrograms: z.string().optional(), // folder of Kubernetes' and Argo CD's programs, and the files that install Argo CD
  act: z.string().optional(), // runs the workflows on this machine
  actionlint: z.string().optional(),
  lintersPython: z.string().optional(), // a Python; beside it are check-jsonschema, hadolint, shellcheck and zizmor
  seaweedfs: z.string().optional(), // its one program, weed
  versitygw: z.string().optional(), // an S3 server on a folder
  chromium: z.string().optional(),
  prometheus: z.string().optional(), // promtool is beside it
  jq: z.string().optional(), // what scripts of workflows call
  wrk: z.string().optional(), // what benchmarks load servers with
  miniLm: z.string().optional(), // a folder with a pretrained encoder
  nativeBinding: z.string().optional(), // TensorFlow.js' binding to native TensorFlow
});
export type Tools = z.infer<typeof Tools>;

/** The tools of the checkout at `root`; none when set-up has not run. */
export function readTools(root: string): Tools {
  const path = join(root, "node_modules/.cache/slipway/tools.json");
  return existsSync(path) ? Tools.parse(JSON.parse(readFileSync(path, "utf8"))) : {};
}
