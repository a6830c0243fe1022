import { parse, stringify } from "yaml";
import { z } from "zod";
import { parseJson } from "./json.ts";
import { ModelInfo, type Signature, TensorSpec } from "./package.ts";
import { mlflowVersion, pythonVersion, transformersVersion } from "./python-environment.ts";

const Tensors = z.tuple([z.strictObject({ type: z.literal("tensor"), "tensor-spec": TensorSpec })]);

// Only what Slipway reads back; the flavours are for MLflow alone.
const MlModel = z.object({
  metadata: ModelInfo,
  signature: z.object({ inputs: z.string().max(10_000), outputs: z.string().max(10_000) }),
});

const environment = { conda: "conda.yaml", virtualenv: "python_env.yaml" };

/**
 * `MLmodel`: tells MLflow's TensorFlow and pyfunc flavours how to load the package, and what shapes it takes.
 * Run, model id and time are of a registration, not of a model: MLflow keeps them with the version, and the same weights
 * give the same bytes without them. Format: https://mlflow.org/docs/latest/ml/model/
 */
export function formatMlModel(info: ModelInfo, signature: Signature): string {
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
  if (info.text) return { info, signature: textSignature(info.text) };
  const [inputs] = parseJson(signature.inputs, Tensors);
  const [outputs] = parseJson(signature.outputs, Tensors);
  return { info, signature: { inputs: inputs["tensor-spec"], outputs: outputs["tensor-spec"] } };
}

/**
 * The same of a model of texts, which MLflow's transformers flavour loads: texts in, the likeliest class and its probability
 * out. The parts lie where that flavour looks for them (mlflow/transformers/model_io.py).
 */
export function formatTextMlModel(info: ModelInfo, modelClass: string): string {
  const { maxTokens = 0 } = info.text ?? {};
  const python_function = {
    config: { max_length: maxTokens, truncation: true },
    env: environment,
    loader_module: "mlflow.transformers",
    python_version: pythonVersion,
  };
  const transformers = {
    code: null,
    components: ["tokenizer"],
    instance_type: "TextClassificationPipeline",
    model_binary: "model",
    pipeline_model_type: modelClass,
    source_model_name: info.name,
    task: "text-classification",
    tokenizer_type: "PreTrainedTokenizerFast",
    transformers_version: transformersVersion,
  };
  const example = { artifact_path: "input_example.json", serving_input_path: "serving_input_example.json" };
  return stringify(
    {
      flavors: { python_function, transformers },
      metadata: info,
      mlflow_version: mlflowVersion,
      saved_input_example_info: { ...example, type: "json_object" },
      signature: {
        inputs: JSON.stringify([{ type: "string", required: true }]),
        outputs: JSON.stringify([
          { type: "string", name: "label", required: true },
          { type: "double", name: "score", required: true },
        ]),
        params: null,
      },
    },
    { lineWidth: 0 },
  );
}

/** What the model itself takes and gives: rows of token ids, and the probabilities of all classes. */
function textSignature({ maxTokens, classes }: NonNullable<ModelInfo["text"]>): Signature {
  return {
    inputs: { dtype: "float32", shape: [-1, maxTokens] },
    outputs: { dtype: "float32", shape: [-1, classes] },
  };
}

function tensors(spec: TensorSpec): string {
  return JSON.stringify([{ type: "tensor", "tensor-spec": spec }]);
}
