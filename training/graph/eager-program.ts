import * as tf from "@tensorflow/tfjs-core";
import { slotsOf } from "./optimizer.ts";
import type { Program, ProgramOptions, StateEntry } from "./program.ts";
import { gradientsOf } from "./training-step.ts";
import { updateEagerly } from "./update-eager.ts";

/** A program that runs operation by operation, for backends without graphs: the same interface and results. */
export function createEagerProgram(options: ProgramOptions): Program {
  const { variables, optimizer, seed = 0 } = options;
  const slots = variables.map((variable) => {
    const names = optimizer && variable.trainable ? slotsOf(optimizer) : [];
    return names.map((slot) => ({ slot, values: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)) }));
  });
  const stored = variables.flatMap((variable, index) => [
    { slot: "weights", index, values: variable },
    ...(slots[index] ?? []).map((entry) => ({ ...entry, index })),
  ]);
  let steps = 0;

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
            const { value, extras, trained } = gradientsOf(() => loss(...inputs), options, { seed, step: steps });
            for (const { variable, index, gradient } of trained) {
              const own = (slots[index] ?? []).map(({ values }) => values);
              updateEagerly(optimizer, { variable, slots: own, gradient, learningRate, step: steps });
            }
            return [value, ...extras];
          });
          steps += 1;
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
