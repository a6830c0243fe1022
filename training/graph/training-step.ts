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

/** Loss, further results and gradients of one batch. The further results are kept: dispose them. */
export function gradientsOf(
  loss: () => ReturnType<LossFunction>,
  { variables }: ProgramOptions,
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
  return { value, extras, trained };
}

/** The same with the gradients scaled down together to `clipNorm`, if there is one. */
export function clipped(trained: readonly Trained[], clipNorm: number | undefined): readonly Trained[] {
  if (clipNorm === undefined) return trained;
  const gradients = clipByGlobalNorm(
    trained.map(({ gradient }) => gradient),
    clipNorm,
  );
  return trained.map((entry, place) => ({ ...entry, gradient: gradients[place] as tf.Tensor }));
}

type StepOptions = ProgramOptions & { optimizer: Optimizer; store: Store };

/** A whole step as graph nodes: loss, gradients, and the update of every variable that has one. */
export function trainingStep(loss: LossFunction, options: StepOptions): Tracing["body"] {
  return (tensors, context) => {
    const [learningRate, step, draw, count] = tensors.slice(-4);
    if (!learningRate || !step || !draw || !count) throw new Error("rate, step, draw and count are fed");
    const source = { seed: options.seed ?? 0, step: draw as tf.Scalar };
    const { value, extras, trained } = gradientsOf(() => loss(...tensors.slice(0, -4)), options, source);
    const mean = options.accumulates
      ? averaged(trained, context, { store: options.store, count })
      : { trained, after: [] };
    const wanted = clipped(mean.trained, options.clipNorm);
    const after = [
      ...updates(wanted, context, { ...options, learningRate, step }),
      ...mean.after,
      ...assignments(context, options),
    ];
    const outputs = [value, ...extras].map(context.result);
    tf.dispose(extras.filter((tensor) => !(tensor instanceof tf.Variable)));
    return { outputs, after };
  };
}

/** Loss and gradients as graph nodes; the gradients are added to those that wait for the next update. */
export function gatheringStep(loss: LossFunction, options: StepOptions): Tracing["body"] {
  return (tensors, context) => {
    const { recorder, result } = context;
    const source = { seed: options.seed ?? 0, step: tensors.at(-1) as tf.Scalar };
    const { value, extras, trained } = gradientsOf(() => loss(...tensors.slice(0, -1)), options, source);
    const sums = trained.map(({ index, gradient }) => {
      const { name, dtype } = result(gradient);
      return recorder.add("AssignAddVariableOp", [options.store.sumHandle(index), name], {
        dtype: attribute.type(dtype),
      });
    });
    const after = [...sums, ...assignments(context, options)];
    const outputs = [value, ...extras].map(result);
    tf.dispose(extras.filter((tensor) => !(tensor instanceof tf.Variable)));
    return { outputs, after };
  };
}

/** The mean of the gradients and of those that wait; nothing waits after it. */
function averaged(
  trained: readonly Trained[],
  { recorder, result, tensorOf }: TraceContext,
  { store, count }: { store: Store; count: tf.Tensor },
): { trained: Trained[]; after: string[] } {
  const means = trained.map((entry) => {
    const { gradient, index } = entry;
    const handle = store.sumHandle(index);
    const dtype = attribute.type(result(gradient).dtype);
    const read = recorder.add("ReadVariableOp", [handle], { dtype });
    const zeros = result(tf.zeros(gradient.shape)).name;
    const cleared = recorder.add("AssignVariableOp", [handle, zeros, `^${read}`], { dtype });
    const mean = tf.div(tf.add(tensorOf(read, gradient), gradient), count);
    return { entry: { ...entry, gradient: mean }, cleared };
  });
  return { trained: means.map(({ entry }) => entry), after: means.map(({ cleared }) => cleared) };
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
  // One after the other, in the order in which gradients come: each finds room in the gradient that the one before has used.
  const done: string[] = [];
  for (const { variable, index, gradient } of trained.toReversed()) {
    const last = update({
      variable: store.handles[index] ?? "",
      slots: store.slotHandles(index),
      value: reads[index] ?? "",
      gradient: result(gradient).name,
      decay: decayOf(optimizer, variable),
      after: done.slice(-1),
    });
    done.push(last);
  }
  return done;
}

/** Values that the function itself gave to variables, such as the moving averages of batch normalisation. */
function assignments({ recorder, assigned, reads }: TraceContext, { store }: { store: Store }): string[] {
  return assigned().map(({ index, value }) => {
    const inputs = [store.handles[index] ?? "", value.name, `^${reads[index]}`];
    return recorder.add("AssignVariableOp", inputs, { dtype: attribute.type(value.dtype) });
  });
}
