import * as tf from "@tensorflow/tfjs-core";
import { createCompiledTraining, fedToGathering, fedToUpdate, type Progress } from "./compiled-training.ts";
import { collectGarbage } from "./garbage.ts";
import type { NativeBackend } from "./native-backend.ts";
import type { InputShape, Program, ProgramOptions } from "./program.ts";
import { restoreStore, stateOf } from "./state.ts";
import { createStore } from "./store.ts";
import { type Trace, type Tracing, trace } from "./trace.ts";
import { gatheringStep, trainingStep } from "./training-step.ts";
import { createViews } from "./views.ts";

type Body = Tracing["body"];
type Named = Pick<Tracing, "name" | "differentiates">;

/** A program whose functions run as TensorFlow graphs in one session of the native backend. */
export function createGraphProgram(native: NativeBackend, options: ProgramOptions): Program {
  const { variables, optimizer } = options;
  const { binding } = native;
  const store = createStore(native, options);
  const views = createViews(native, variables, store.readWeights);
  const traces: Trace[] = [];
  let loaded = -1; // how many of the traces the session holds; -1 before there is one
  const progress: Progress = { steps: 0, gathered: 0 };
  let hasRun = false;

  const openSession = () => {
    if (loaded < 0) collectGarbage(); // what the weights were made of
    if (loaded !== traces.length) {
      store.open(traces.map(({ nodes }) => nodes));
      if (loaded < 0) {
        views.attach();
        collectGarbage(); // the arrays that the session has copied
      }
      loaded = traces.length;
    }
    if (views.assigned()) {
      store.loadWeights();
      views.told();
    }
  };

  const traced = (named: Named, body: Body, inputs: readonly InputShape[]): Trace => {
    const result = trace(native, {
      ...named,
      scope: `f${traces.length}`,
      variables: variables.map((variable, index) => ({ variable, handle: store.handles[index] ?? "" })),
      inputs: inputs.map(({ shape, dtype }) => ({ shape, dtype: native.getDTypeInteger(dtype) })),
      body,
    });
    traces.push(result);
    return result;
  };

  const execute = ({ inputs, captured, outputs }: Trace, tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    for (const { dataId } of captured) {
      if (!native.tensorMap.has(dataId)) throw new Error("a tensor that the compiled function uses has been disposed");
    }
    const names = [...inputs, ...captured.map(({ name }) => `${name}:0`)];
    const ids = native.getInputTensorIds([...tensors, ...captured]);
    const handles = store.run(
      names.map((name, place) => [name, ids[place] ?? -1] as const),
      outputs,
    );
    return handles.map((handle) => native.createOutputTensor(handle));
  };

  const compiled = (named: Named, body: Body, hidden: readonly InputShape[]) => {
    const byShapes = new Map<string, Trace>();
    const get = (shapes: readonly InputShape[]): Trace => {
      const key = shapes.map(({ shape, dtype }) => `${dtype}[${shape}]`).join();
      const found = byShapes.get(key) ?? traced(named, body, [...shapes, ...hidden]);
      byShapes.set(key, found);
      return found;
    };
    return { get, prepare: (...batches: (readonly InputShape[])[]) => void batches.map(get) };
  };

  const runnable = ({ get, prepare }: ReturnType<typeof compiled>) => ({
    prepare,
    run(inputs: readonly tf.Tensor[], fed: tf.Tensor[]) {
      try {
        const found = get(inputs);
        openSession();
        views.letGo();
        const results = execute(found, [...inputs, ...fed]);
        if (!hasRun) collectGarbage(); // the weights that the session was given, now that it has others
        hasRun = true;
        return results;
      } finally {
        tf.dispose(fed);
      }
    },
  });

  return {
    mode: "graph",
    get steps() {
      return progress.steps;
    },
    set steps(value) {
      progress.steps = value;
    },
    training(loss, name = "the training function") {
      if (!optimizer) throw new Error("a program without an optimizer can't train");
      const named = { name, differentiates: true };
      const step = { ...options, optimizer, store };
      const update = compiled(named, trainingStep(loss, step), fedToUpdate);
      const gathering = options.accumulates && compiled(named, gatheringStep(loss, step), fedToGathering);
      return createCompiledTraining(runnable(update), gathering ? runnable(gathering) : undefined, progress);
    },
    inference(results, name = "the function") {
      const body: Body = (inputs, { assigned, result }) => {
        const outputs = results(...inputs).map(result);
        if (assigned().length > 0) throw new Error("it assigns a variable, which only training may");
        return { outputs, after: [] };
      };
      const { get, prepare } = compiled({ name, differentiates: false }, body, []);
      return {
        prepare,
        run(inputs) {
          const found = get(inputs);
          openSession();
          return execute(found, inputs);
        },
      };
    },
    *state() {
      openSession();
      yield* stateOf(binding, store);
    },
    restore(entries) {
      openSession();
      views.letGo();
      restoreStore(binding, store, entries);
    },
    dispose() {
      views.detach();
      store.close();
      traces.length = 0;
    },
  };
}
