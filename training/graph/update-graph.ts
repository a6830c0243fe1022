import { attribute, DataType } from "./graph-def.ts";
import { adamDefaults, type Optimizer } from "./optimizer.ts";
import type { Recorder } from "./recorder.ts";

/** What one variable's update needs, as names of graph nodes. */
export interface Update {
  variable: string; // the VarHandleOp
  slots: readonly string[]; // VarHandleOps in the order of slotsOf
  value: string; // the node that reads the variable for this step
  gradient: string;
  decay: number;
  after: readonly string[]; // what must be done before
}

const types = { T: attribute.type(DataType.float32) };

/**
 * Adds the nodes that update variables in place by TensorFlow's own training kernels.
 * Returns what adds one variable's update and names the node that is done last.
 */
export function createUpdater(
  recorder: Recorder,
  optimizer: Optimizer,
  { learningRate, step }: { learningRate: string; step: string },
): (update: Update) => string {
  const scalar = (value: number) => recorder.constant({ shape: [], dtype: DataType.float32 }, Float32Array.of(value));
  const rule =
    optimizer.kind === "sgd" ? sgd(recorder, optimizer, scalar) : adam(recorder, optimizer, { scalar, step });
  const float = { dtype: attribute.type(DataType.float32) };
  const kept = new Map<number, string>(); // the share of itself that a variable keeps, by its decay
  const keptAt = (decay: number): string => {
    const lost = () => recorder.add("Mul", [learningRate, scalar(decay)], types);
    const found = kept.get(decay) ?? recorder.add("Sub", [scalar(1), lost()], types);
    kept.set(decay, found);
    return found;
  };
  return (update) => {
    const { variable, value, gradient, decay } = update;
    const before = [value, ...update.after].map((node) => `^${node}`);
    if (!decay) return rule(update, learningRate, before);
    // Once the gradient is there hardly anything else needs the old weights: they give way to the new ones.
    const now = recorder.add("ReadVariableOp", [variable, ...before, `^${gradient.replace(/:.*/, "")}`], float);
    const smaller = recorder.add("Mul", [now, keptAt(decay)], types);
    return rule(update, learningRate, [`^${recorder.add("AssignVariableOp", [variable, smaller], float)}`]);
  };
}

type Rule = (update: Update, learningRate: string, before: readonly string[]) => string;

function sgd(
  recorder: Recorder,
  { momentum = 0, nesterov = false }: Extract<Optimizer, { kind: "sgd" }>,
  scalar: (value: number) => string,
): Rule {
  if (!momentum) {
    return ({ variable, gradient }, learningRate, before) =>
      recorder.add("ResourceApplyGradientDescent", [variable, learningRate, gradient, ...before], types);
  }
  const factor = scalar(momentum);
  const attributes = { ...types, use_nesterov: attribute.boolean(nesterov) };
  return ({ variable, slots, gradient }, learningRate, before) => {
    const inputs = [variable, ...slots, learningRate, gradient, factor, ...before];
    return recorder.add("ResourceApplyKerasMomentum", inputs, attributes);
  };
}

function adam(
  recorder: Recorder,
  optimizer: Exclude<Optimizer, { kind: "sgd" }>,
  { scalar, step }: { scalar: (value: number) => string; step: string },
): Rule {
  const beta1 = scalar(optimizer.beta1 ?? adamDefaults.beta1);
  const beta2 = scalar(optimizer.beta2 ?? adamDefaults.beta2);
  const epsilon = scalar(optimizer.epsilon ?? adamDefaults.epsilon);
  const cast = { SrcT: attribute.type(DataType.int32), DstT: attribute.type(DataType.float32) };
  const count = recorder.add("AddV2", [recorder.add("Cast", [step], cast), scalar(1)], types);
  const power1 = recorder.add("Pow", [beta1, count], types);
  const power2 = recorder.add("Pow", [beta2, count], types);
  return ({ variable, slots, gradient }, learningRate, before) => {
    const inputs = [variable, ...slots, power1, power2, learningRate, beta1, beta2, epsilon, gradient, ...before];
    return recorder.add("ResourceApplyAdam", inputs, types);
  };
}
