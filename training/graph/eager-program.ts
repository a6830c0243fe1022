import * as tf from "@tensorflow/tfjs-core";
import { slotsOf, sumSlot } from "./optimizer.ts";
import type { Program, ProgramOptions, StateEntry } from "./program.ts";
import { drawOf } from "./random.ts";
import { clipped, gradientsOf, type Trained } from "./training-step.ts";
import { updateEagerly } from "./update-eager.ts";

/** A program that runs operation by operation, for backends without graphs: the same interface and results. */
export function createEagerProgram(options: ProgramOptions): Program {
  const { variables, optimizer, accumulates, clipNorm, seed = 0 } = options;
  const slots = variables.map((variable) => {
    const names = optimizer && variable.trainable ? [...slotsOf(optimizer), ...(accumulates ? [sumSlot] : [])] : [];
    return names.map((slot) => ({ slot, values: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)) }));
  });
  const stored = variables.flatMap((variable, index) => [
    { slot: "weights", index, values: variable },
    ...(slots[index] ?? []).map((entry) => ({ ...entry, index })),
  ]);
  const slotsNamed = (index: number, isSum: boolean) =>
    (slots[index] ?? []).filter(({ slot }) => (slot === sumSlot) === isSum).map(({ values }) => values);
  let steps = 0;
  let gathered = 0; // runs since the last update

  /** The mean of the gradients and of those that wait; nothing waits after it. */
  const averaged = (trained: readonly Trained[]): Trained[] =>
    trained.map((entry) => {
      const [sum] = slotsNamed(entry.index, true);
      if (!sum) return entry;
      const gradient = tf.div(tf.add(sum, entry.gradient), gathered + 1);
      sum.assign(tf.zerosLike(sum));
      return { ...entry, gradient };
    });

  return {
    mode: "eager",
    get steps() {
      return steps;
    },
    set steps(value) {
      steps = value;
    },
    training(loss) {
      if (!optimizer) throw new Error("a program without an optimizer can't train");
      return {
        prepare: () => undefined,
        run(inputs, learningRate) {
          const results = tf.tidy(() => {
            const source = { seed, step: drawOf(steps, gathered) };
            const { value, extras, trained } = gradientsOf(() => loss(...inputs), options, source);
            for (const { variable, index, gradient } of clipped(averaged(trained), clipNorm)) {
              const own = slotsNamed(index, false);
              updateEagerly(optimizer, { variable, slots: own, gradient, learningRate, step: steps });
            }
            return [value, ...extras];
          });
          steps += 1;
          gathered = 0;
          return results;
        },
        gather(inputs) {
          if (!accumulates) throw new Error("a program without accumulates can't gather gradients");
          const results = tf.tidy(() => {
            const source = { seed, step: drawOf(steps, gathered) };
            const { value, extras, trained } = gradientsOf(() => loss(...inputs), options, source);
            for (const { index, gradient } of trained) {
              const [sum] = slotsNamed(index, true);
              sum?.assign(tf.add(sum, gradient));
            }
            return [value, ...extras];
          });
          gathered += 1;
          return results;
        },
      };
    },
    inference: (results) => ({
      prepare: () => undefined,
      run(inputs) {
        return tf.tidy(() => [...results(...inputs)]);
      },
    }),
    *state() {
      for (const { slot, index, values } of stored) {
        yield { slot, index, shape: values.shape, values: values.dataSync() as StateEntry["values"] };
      }
    },
    restore(entries) {
      for (const { slot, index, shape, values } of entries) {
        const place = stored.find((entry) => entry.slot === slot && entry.index === index);
        if (!place || place.values.shape.join() !== shape.join()) {
          throw new Error(`the program has no ${slot} of shape [${shape}] for its variable ${index}`);
        }
        tf.tidy(() => place.values.assign(tf.tensor(values.slice(), [...shape], place.values.dtype)));
      }
    },
    dispose() {
      for (const { values } of slots.flat()) values.dispose();
    },
  };
}
