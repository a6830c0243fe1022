import type * as tf from "@tensorflow/tfjs-core";
import { initializers, layers } from "@tensorflow/tfjs-layers";
import { encode, type Packing } from "./encode.ts";
import { parametersOf } from "./parameters.ts";
import type { EncoderShape } from "./shape.ts";

/** Which of the encoder's weights stay as they are. */
export interface Frozen {
  embeddings: boolean;
  blocks: number; // the first so many
}

/** The name in a checkpoint: tfjs puts the layer's before it. */
export function parameterName({ originalName }: { originalName: string }): string {
  return originalName.slice(originalName.indexOf("/") + 1);
}

/**
 * The encoder as a layer: rows of token ids in, of any width, and what a classifier needs out. A row is a text; where it holds
 * several, the parts of a `Packing` are given behind the ids, in their order.
 */
export class EncoderLayer extends layers.Layer {
  static readonly className = "Encoder";
  readonly #shape: EncoderShape;
  readonly #frozen: Frozen;

  constructor(shape: EncoderShape, { frozen, inputShape }: { frozen: Frozen; inputShape: readonly number[] }) {
    super({ name: "encoder", inputShape: [...inputShape], dtype: "float32" });
    this.#shape = shape;
    this.#frozen = frozen;
  }

  override build(): void {
    for (const { name, shape, block, isEmbedding } of parametersOf(this.#shape)) {
      const isFrozen = isEmbedding ? this.#frozen.embeddings : (block ?? Infinity) < this.#frozen.blocks;
      this.addWeight(name, [...shape], "float32", initializers.zeros(), undefined, !isFrozen);
    }
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training }: { training?: boolean } = {}): tf.Tensor {
    const [ids, segments, positions, firsts] = [inputs].flat();
    const weights = new Map(this.weights.map((weight) => [parameterName(weight), weight.read()]));
    const weight = (name: string): tf.Tensor => {
      const found = weights.get(name);
      if (!found) throw new Error(`the encoder has no weight ${name}`);
      return found;
    };
    const packing = segments && ({ segments, positions, firsts } as Packing);
    return encode(ids as tf.Tensor2D, { shape: this.#shape, packing, weight, isTraining: training === true });
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return [inputShape[0] ?? null, this.#shape.hidden];
  }

  override getClassName(): string {
    return EncoderLayer.className;
  }
}
