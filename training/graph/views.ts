import type * as tf from "@tensorflow/tfjs-core";
import type { DataId, NativeBackend, TensorEntry } from "./native-backend.ts";

export type Views = ReturnType<typeof createViews>;

interface View {
  variable: tf.Variable;
  dataId: DataId; // the stand-in that the variable held last
  entry: TensorEntry;
  read: boolean; // `entry` holds a handle of its own
}

/**
 * Lets variables whose weights live in a session be read and assigned as ever, without holding a second copy.
 * A variable's data becomes a stand-in that fetches the weights (`readAll`: a handle for each variable, owned by the
 * caller) when something asks for them; `before` a session run, what was read is let go and what was assigned is told.
 */
export function createViews(
  native: NativeBackend,
  variables: readonly tf.Variable[],
  readAll: () => readonly number[],
) {
  const views: View[] = [];
  const { binding } = native; // not the recorder that takes its place during a trace

  const fetchAll = () => {
    for (const [index, id] of readAll().entries()) {
      const view = views[index];
      if (!view || view.read || view.variable.dataId !== view.dataId) binding.deleteTensor(id);
      else settle(view, id);
    }
  };

  /** Turns a stand-in into an ordinary tensor. */
  const settle = (view: View, id: number) => {
    Object.defineProperty(view.entry, "id", { value: id, writable: true, configurable: true, enumerable: true });
    view.read = true;
  };

  const stand = (variable: tf.Variable): View => {
    const dtype = native.getDTypeInteger(variable.dtype);
    const tensor = native.createOutputTensor({ id: -1, shape: [...variable.shape], dtype });
    const { dataId } = tensor;
    const entry: TensorEntry = { shape: variable.shape, dtype, values: null, id: -1, refCount: 1 };
    const view = { variable, dataId, entry, read: false };
    Object.defineProperty(entry, "id", {
      configurable: true,
      enumerable: true,
      get: () => {
        fetchAll();
        if (view.read) return entry.id;
        throw new Error(`${variable.name} is not among the session's weights`);
      },
    });
    variable.assign(tensor);
    tensor.dispose();
    native.tensorMap.set(dataId, entry);
    return view;
  };

  return {
    /** Takes the variables' own data away; their weights are in the session from now on. */
    attach(): void {
      views.splice(0, views.length, ...variables.map(stand));
    },
    /** Whether a variable was given a new value from outside since the last run. */
    assigned: (): boolean => views.some((view) => view.variable.dataId !== view.dataId),
    /** Call when the session has been told what was assigned. */
    told(): void {
      for (const [index, view] of views.entries()) {
        if (view.variable.dataId !== view.dataId) views[index] = stand(view.variable);
      }
    },
    /** Call before the session changes weights: tensors that share a stand-in keep the present value. */
    letGo(): void {
      const shared = (view: View) => view.entry.refCount > 1;
      if (views.some((view) => shared(view) && !view.read)) fetchAll();
      for (const [index, view] of views.entries()) if (view.read) views[index] = stand(view.variable);
    },
    /** Gives the variables their data back. */
    detach(): void {
      if (views.some((view) => !view.read && view.variable.dataId === view.dataId)) fetchAll();
      views.length = 0;
    },
  };
}
