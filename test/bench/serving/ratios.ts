import type { Loaded } from "./load.ts";
import type { Task } from "./tasks.ts";

type Measured = Readonly<Record<string, Loaded>>;

/** How ours compares, for the tasks that were measured. */
export function ratiosOf(measured: Partial<Record<Task, Measured>>): Record<string, number> {
  const { iris, cnn, text } = measured;
  return { ...(iris && irisRatios(iris)), ...(cnn && cnnRatios(cnn)), ...(text && textRatios(text)) };
}

function irisRatios(measured: Measured): Record<string, number> {
  const cpu = (name: string) => of(measured, name).cpuMs;
  return {
    "iris-cpu-vs-fastapi-sync": cpu("FastAPI sync") / cpu("ours"),
    "iris-cpu-vs-fastapi-async": cpu("FastAPI async") / cpu("ours"),
    "iris-cpu-vs-litserve": cpu("LitServe") / cpu("ours"),
    "iris-cpu-vs-bentoml": cpu("BentoML") / cpu("ours"),
    "iris-cpu-vs-mlserver": cpu("MLServer, /v2") / cpu("ours, /v2"),
    "iris-cpu-vs-mlflow": cpu("mlflow models serve") / cpu("ours"),
    "iris-cpu-vs-node": cpu("ours") / cpu("node:http, constant"),
  };
}

function cnnRatios(measured: Measured): Record<string, number> {
  const ours = of(measured, "ours");
  const python = fastest(measured, ["FastAPI + Keras", "FastAPI + Keras, batched"]);
  const litserve = of(measured, "LitServe + Keras, base64");
  return {
    "cnn-rps-vs-best-python": ours.perSecond / python.perSecond,
    "cnn-cpu-vs-best-python": python.cpuMs / ours.cpuMs,
    "cnn-cpu-vs-onnxruntime": ours.cpuMs / of(measured, "ONNX Runtime, our batcher").cpuMs,
    "cnn-p99-vs-best-python": ours.p99 / python.p99,
    "cnn-rps-vs-litserve": of(measured, "ours, base64").perSecond / litserve.perSecond,
  };
}

function textRatios(measured: Measured): Record<string, number> {
  const ours = of(measured, "ours");
  const python = fastest(measured, [
    "FastAPI + PyTorch",
    "FastAPI + PyTorch, batched",
    "FastAPI + TensorFlow",
    "FastAPI + TensorFlow, batched",
  ]);
  return {
    "text-rps-vs-best-python": ours.perSecond / python.perSecond,
    "text-cpu-vs-best-python": python.cpuMs / ours.cpuMs,
    "text-p99-vs-best-python": ours.p99 / python.p99,
  };
}

function fastest(measured: Measured, names: readonly string[]): Loaded {
  return names
    .map((name) => of(measured, name))
    .reduce((one, other) => (one.perSecond > other.perSecond ? one : other));
}

function of(measured: Measured, name: string): Loaded {
  const found = measured[name];
  if (!found) throw new Error(`${name} was not measured`);
  return found;
}
