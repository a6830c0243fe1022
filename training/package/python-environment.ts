// What the package was proved to load with. MLflow builds `models serve` and Spark environments from these.
const python = "3.12.12";
export const mlflowVersion = "3.17.2";
export const transformersVersion = "5.20.2";
const layersRequirements = [`mlflow==${mlflowVersion}`, "tensorflow==2.21.0"];
const textRequirements = [`mlflow==${mlflowVersion}`, "torch==2.14.1", `transformers==${transformersVersion}`];
const pip = "pip<=25.3";

export const pythonVersion = python;

/** The files that tell MLflow which Python can load the package of a layers model. */
export const pythonEnvironment = environmentOf(layersRequirements);

/** The same of a model of texts. */
export const textPythonEnvironment = environmentOf(textRequirements);

function environmentOf(requirements: readonly string[]): Readonly<Record<string, string>> {
  return {
    "requirements.txt": lines(requirements),
    "python_env.yaml": lines([
      `python: ${python}`,
      "build_dependencies:",
      `- ${pip}`,
      "dependencies:",
      "- -r requirements.txt",
    ]),
    "conda.yaml": lines([
      ...["channels:", "- conda-forge", "dependencies:", `- python=${python}`, `- ${pip}`, "- pip:"],
      ...requirements.map((requirement) => `  - ${requirement}`),
      "name: mlflow-env",
    ]),
  };
}

function lines(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\n`).join("");
}
