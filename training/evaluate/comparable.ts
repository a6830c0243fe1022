import { isDeepStrictEqual } from "node:util";
import type { ModelPackage } from "#training/package/package.ts";
import type { EvaluateOptions } from "./options.ts";

/** Why a model can't answer these examples: the reason, or `undefined` when it can. Classes are matched apart from this. */
export function incomparable(
  { signature, features }: Pick<ModelPackage, "signature" | "features">,
  data: Pick<EvaluateOptions, "examples" | "features">,
): string | undefined {
  const shape = signature.inputs.shape.slice(1);
  if (!isDeepStrictEqual(shape, [...data.examples.inputShape])) {
    return `it takes inputs of shape [${shape.join(", ")}], the data has [${data.examples.inputShape.join(", ")}]`;
  }
  const [theirs, ours] = [features, data.features].map((columns) => columns?.map(({ name }) => name).join(", "));
  if (theirs !== undefined && ours !== undefined && theirs !== ours)
    return `it takes the columns ${theirs}, the data has ${ours}`;
  return undefined;
}
