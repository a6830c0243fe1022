import type { ModelPackage } from "#training/package/package.ts";

type Model = ModelPackage["model"];
type Layer = Model["layers"][number];
type Step = (values: Float64Array<ArrayBuffer>) => Float64Array<ArrayBuffer>;

/**
 * A stack of dense layers as a plain function of one row: for some thousand weights this is many times faster than
 * a tensor library, whose cost is per call. Sums are kept in doubles, so answers agree with `model.predict` to 1e-6.
 * @throws Error that names the first layer which is not part of such a stack.
 */
export function compileDense(model: Model): (row: Float32Array) => Float32Array {
  const odd = model.layers.find((layer, at) => at > 0 && !follows(layer, model.layers[at - 1]));
  if (odd) throw new Error(`layer ${odd.name} branches off: serving computes stacks of dense layers`);
  const steps = model.layers.flatMap(stepsOf);
  return (row) => {
    let values = new Float64Array(row);
    for (const step of steps) values = step(values);
    return new Float32Array(values);
  };
}

function follows(layer: Layer, previous: Layer | undefined): boolean {
  const [node, ...reuse] = layer.inboundNodes;
  return reuse.length === 0 && node?.inboundLayers.length === 1 && node.inboundLayers[0] === previous;
}

function stepsOf(layer: Layer): Step[] {
  const kind = layer.getClassName();
  const activation = String(layer.getConfig()["activation"] ?? "linear");
  switch (kind) {
    case "InputLayer":
    case "Dropout": // does nothing outside training
      return [];
    case "Activation":
      return [activationOf(activation)];
    case "Dense":
      return [product(layer), activationOf(activation)];
    default:
      throw new Error(`layer ${layer.name} is a ${kind}: serving computes stacks of dense layers`);
  }
}

/** `values x kernel + bias`, with the kernel turned so that each unit's weights lie side by side. */
function product(layer: Layer): Step {
  const [kernel, bias] = layer.getWeights();
  const [inputs, units] = kernel?.shape ?? [];
  if (!kernel || !inputs || !units) throw new Error(`layer ${layer.name} has no kernel`);
  const source = kernel.dataSync();
  const weights = Float64Array.from(source, (_, at) => source[(at % inputs) * units + Math.floor(at / inputs)] ?? 0);
  const start = bias ? Float64Array.from(bias.dataSync()) : new Float64Array(units);
  return (values) => {
    const sums = new Float64Array(start); // loops, since `map` of a typed array takes five times as long
    for (let unit = 0; unit < units; unit++) {
      let sum = sums[unit] ?? 0;
      for (let input = 0; input < inputs; input++) sum += (values[input] ?? 0) * (weights[unit * inputs + input] ?? 0);
      sums[unit] = sum;
    }
    return sums;
  };
}

function activationOf(name: string): Step {
  switch (name) {
    case "linear":
      return (values) => values;
    case "relu":
      return (values) => values.map((value) => Math.max(0, value));
    case "tanh":
      return (values) => values.map(Math.tanh);
    case "sigmoid":
      return (values) => values.map((value) => 1 / (1 + Math.exp(-value)));
    case "softmax":
      return softmax;
    default:
      throw new Error(`activation ${name} is not one that serving computes`);
  }
}

function softmax(logits: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  let highest = -Infinity;
  for (const logit of logits) highest = Math.max(highest, logit); // spread into one call takes longer than all the rest
  const powers = new Float64Array(logits.length);
  let sum = 0;
  for (let at = 0; at < powers.length; at++) {
    const power = Math.exp((logits[at] ?? 0) - highest);
    powers[at] = power;
    sum += power;
  }
  for (let at = 0; at < powers.length; at++) powers[at] = (powers[at] ?? 0) / sum;
  return powers;
}
