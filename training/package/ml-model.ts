import { parse, stringify } from "yaml";
import { z } from "zod";
import { parseJson } from "./json.ts";
import { ModelInfo, type Signature, TensorSpec } from "./package.ts";
import { mlflowVersion, pythonVersion } from "./python-environment.ts";

const Tensors = z.tuple([z.strictObject({ type: z.literal("tensor"), "tensor-spec": TensorSpec })]);

// Only what Slipway reads back; the flavours are for MLflow alone.
const MlModel = z.object({
  metadata: ModelInfo,
  signature: z.object({ inputs: z.string().max(10_000), outputs: z.string().max(10_000) }),
});

/**
 * `MLmodel`: tells MLflow's TensorFlow and pyfunc flavours how to load the package, and what shapes it takes.
 * Run, model id and time are of a registration, not of a model: MLflow keeps them with the version, and the same weights
 * give the same bytes without them. Format: https://mlflow.org/docs/latest/ml/model/
 */
export function formatMlModel(info: ModelInfo, signature: Signature): string {
  const environment = { conda: "conda.yaml", virtualenv: "python_env.yaml" };
  const python_function = {
    data: "data",
    env: environment,
    loader_module: "mlflow.tensorflow",
    python_version: pythonVersion,
  };
  const tensorflow = { code: null, data: "data", model_type: "keras", save_format: "h5" };
  return stringify(
    {
      flavors: { python_function, tensorflow },
      metadata: info,
      mlflow_version: mlflowVersion,
      saved_input_example_info: {
        artifact_path: "input_example.json",
        serving_input_path: "serving_input_example.json",
        type: "ndarray",
      },
      signature: { inputs: tensors(signature.inputs), outputs: tensors(signature.outputs), params: null },
    },
    { lineWidth: 0 },
  );
}

/** What `MLmodel` says of the model. Throws on what is not YAML, or lacks signature or metadata. */
export function parseMlModel(text: string): { info: ModelInfo; signature: Signature } {
  const parsed = MlModel.safeParse(parse(text, { maxAliasCount: 0 }));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { metadata: info, signature } = parsed.data;
  const [inputs] = parseJson(signature.inputs, Tensors);
  const [outputs] = parseJson(signature.outputs, Tensors);
  return { info, signature: { inputs: inputs["tensor-spec"], outputs: outputs["tensor-spec"] } };
}

function tensors(spec: TensorSpec): string {
  return JSON.stringify([{ type: "tensor", "tensor-spec": spec }]);
}
