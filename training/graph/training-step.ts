import * as tf from "@tensorflow/tfjs-core";
import { attribute } from "./graph-def.ts";
import { clipByGlobalNorm, decayOf, type Optimizer } from "./optimizer.ts";
import type { LossFunction, ProgramOptions } from "./program.ts";
import { type RandomSource, withRandom } from "./random.ts";
import type { Store } from "./store.ts";
import type { TraceContext, Tracing } from "./trace.ts";
import { createUpdater } from "./update-graph.ts";

/** A variable that the loss depends on, its place in the program, and its gradient. */
export interface Trained {
  variable: tf.Variable;
  index: number;
  gradient: tf.Tensor;
}

/** Loss, further results and (clipped) gradients of one batch. The further results are kept: dispose them. */
export function gradientsOf(
  loss: () => ReturnType<LossFunction>,
  { variables, clipNorm }: ProgramOptions,
  source: RandomSource,
): { value: tf.Scalar; extras: tf.Tensor[]; trained: Trained[] } {
  let extras: tf.Tensor[] = [];
  const compute = () => {
    const [value, ...rest] = loss();
    extras = rest.map((tensor) => tf.keep(tensor));
    return value;
  };
  const trainable = variables.filter((variable) => variable.trainable);
  const { value, grads } = withRandom(source, () => tf.variableGrads(compute, trainable));
  const trained = variables.flatMap((variable, index): Trained[] => {
    const gradient = grads[variable.name];
    return gradient ? [{ variable, index, gradient }] : [];
  });
  if (clipNorm === undefined) return { value, extras, trained };
  const clipped = clipByGlobalNorm(
    trained.map(({ gradient }) => gradient),
    clipNorm,
  );
  return {
    value,
    extras,
    trained: trained.map((entry, place) => ({ ...entry, gradient: clipped[place] as tf.Tensor })),
  };
}

/** A whole step as graph nodes: loss, gradients, and the update of every variable that has one. */
export function trainingStep(
  loss: LossFunction,
  options: ProgramOptions & { optimizer: Optimizer; store: Store },
): Tracing["body"] {
  return (tensors, context) => {
    const [learningRate, step] = tensors.slice(-2);
    if (!learningRate || !step) throw new Error("the learning rate and the step are fed");
    const source = { seed: options.seed ?? 0, step: step as tf.Scalar };
    const { value, extras, trained } = gradientsOf(() => loss(...tensors.slice(0, -2)), options, source);
    const after = [...updates(trained, context, { ...options, learningRate, step }), ...assignments(context, options)];
    const outputs = [value, ...extras].map(context.result);
    tf.dispose(extras.filter((tensor) => !(tensor instanceof tf.Variable)));
    return { outputs, after };
  };
}

function updates(
  trained: readonly Trained[],
  { recorder, result, reads }: TraceContext,
  {
    optimizer,
    store,
    learningRate,
    step,
  }: { optimizer: Optimizer; store: Store; learningRate: tf.Tensor; step: tf.Tensor },
): string[] {
  const update = createUpdater(recorder, optimizer, {
    learningRate: result(learningRate).name,
    step: result(step).name,
  });
  return trained.map(({ variable, index, gradient }) =>
    update({
      variable: store.handles[index] ?? "",
      slots: store.slotHandles(index),
      value: reads[index] ?? "",
      gradient: result(gradient).name,
      decay: decayOf(optimizer, variable),
    }),
  );
}

/** Values that the function itself gave to variables, such as the moving averages of batch normalisation. */
function assignments({ recorder, assigned, reads }: TraceContext, { store }: { store: Store }): string[] {
  return assigned().map(({ index, value }) => {
    const inputs = [store.handles[index] ?? "", value.name, `^${reads[index]}`];
    return recorder.add("AssignVariableOp", inputs, { dtype: attribute.type(value.dtype) });
  });
}
