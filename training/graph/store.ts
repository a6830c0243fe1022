import { attribute, encodeNode } from "./graph-def.ts";
import type { Handle, NativeBackend } from "./native-backend.ts";
import { slotsOf, sumSlot } from "./optimizer.ts";
import type { ProgramOptions } from "./program.ts";
import { openSession, type Session } from "./session.ts";
import { filled } from "./shapes.ts";

export type Store = ReturnType<typeof createStore>;

/** A tensor that a session keeps: a variable's weights or one of its slots. */
interface Stored {
  slot: string; // "weights" or a slot of the optimizer
  index: number; // of the variable
  handle: string; // its VarHandleOp
  shape: readonly number[];
  dtype: number;
}

/**
 * The weights and optimizer slots of a program, kept in a TensorFlow session beside the functions that use them.
 * A session can't grow, so new functions move everything to a new one; on a CPU no bytes are copied.
 */
export function createStore(native: NativeBackend, { variables, optimizer, accumulates }: ProgramOptions) {
  const { binding } = native;
  const stored = variables.flatMap((variable, index) => {
    const slots = optimizer && variable.trainable ? [...slotsOf(optimizer), ...(accumulates ? [sumSlot] : [])] : [];
    const dtype = native.getDTypeInteger(variable.dtype);
    return ["weights", ...slots].map(
      (slot): Stored => ({ slot, index, handle: `variable${index}_${slot}`, shape: variable.shape, dtype }),
    );
  });
  const weights = stored.filter(({ slot }) => slot === "weights");
  const base = [...stored.flatMap(nodesOf), ...loadNodes("load_all", stored), ...loadNodes("load_weights", weights)];
  let session: Session | undefined;

  const read = (which: readonly Stored[]): Handle[] =>
    session && which.length > 0
      ? session.run(
          [],
          which.map(({ handle }) => `${handle}_read:0`),
        )
      : [];

  const load = (target: Session, node: string, feeds: readonly (readonly [Stored, number])[]) => {
    if (feeds.length === 0) return;
    const named = feeds.map(([{ handle }, id]) => [`${handle}_new:0`, id] as const);
    for (const { id } of target.run(named, [`${node}:0`])) binding.deleteTensor(id);
  };

  const initial = (): number[] => {
    const ids = native.getInputTensorIds(variables);
    return stored.map((entry) => (entry.slot === "weights" ? (ids[entry.index] ?? -1) : filled(binding, entry, 0)));
  };

  return {
    stored,
    /** The VarHandleOps of a variable's slots, in the optimizer's order. */
    slotHandles: (index: number) =>
      stored
        .filter(({ slot, ...entry }) => entry.index === index && slot !== "weights" && slot !== sumSlot)
        .map(({ handle }) => handle),
    /** The VarHandleOp of a variable's gathered gradients. */
    sumHandle: (index: number) => stored.find((entry) => entry.index === index && entry.slot === sumSlot)?.handle ?? "",
    handles: weights.map(({ handle }) => handle),
    readWeights: (): number[] => read(weights).map(({ id }) => id),
    /** Handles of everything in `stored`, in its order. The caller deletes them. */
    readAll: (): Handle[] => read(stored),
    /** Gives the session the variables' present values. */
    loadWeights(): void {
      const ids = native.getInputTensorIds(variables);
      if (session)
        load(
          session,
          "load_weights",
          weights.map((entry) => [entry, ids[entry.index] ?? -1] as const),
        );
    },
    /** Replaces some of what is stored; the handles stay the caller's. */
    replace(values: ReadonlyMap<Stored, number>): void {
      if (!session) throw new Error("nothing is stored before the first function was compiled");
      const present = read(stored);
      const feeds = stored.map((entry, place) => [entry, values.get(entry) ?? present[place]?.id ?? -1] as const);
      load(session, "load_all", feeds);
      for (const { id } of present) binding.deleteTensor(id);
    },
    /** Opens a session with the nodes of all functions; the first takes the variables' values. */
    open(functions: readonly (readonly Buffer[])[]): void {
      const next = openSession(binding, [...base, ...functions.flat()]);
      const moved = session ? read(stored).map(({ id }) => id) : undefined;
      const ids = moved ?? initial();
      load(
        next,
        "load_all",
        stored.map((entry, place) => [entry, ids[place] ?? -1] as const),
      );
      for (const [place, id] of ids.entries()) {
        if (moved || stored[place]?.slot !== "weights") binding.deleteTensor(id); // the variables' own stay theirs
      }
      session?.close();
      session = next;
    },
    run: (...given: Parameters<Session["run"]>): Handle[] => {
      if (!session) throw new Error("no session is open");
      return session.run(...given);
    },
    close(): void {
      session?.close();
      session = undefined;
    },
  };
}

function nodesOf({ handle, shape, dtype }: Stored): Buffer[] {
  const type = { dtype: attribute.type(dtype) };
  const place = { ...type, shape: attribute.shape(shape) };
  const names = { shared_name: attribute.text(handle), container: attribute.text("") };
  return [
    encodeNode({ name: handle, op: "VarHandleOp", inputs: [], attributes: { ...place, ...names } }),
    encodeNode({ name: `${handle}_read`, op: "ReadVariableOp", inputs: [handle], attributes: type }),
    encodeNode({ name: `${handle}_new`, op: "Placeholder", inputs: [], attributes: place }),
    encodeNode({ name: `${handle}_set`, op: "AssignVariableOp", inputs: [handle, `${handle}_new`], attributes: type }),
  ];
}

/** A node whose result is there once every placeholder's value is stored. */
function loadNodes(name: string, which: readonly Stored[]): Buffer[] {
  const boolean = attribute.type(10);
  const value = attribute.tensor(10, [], Uint8Array.of(1));
  const done = { name: `${name}_done`, op: "Const", inputs: [], attributes: { dtype: boolean, value } };
  const inputs = [done.name, ...which.map(({ handle }) => `^${handle}_set`)];
  return [encodeNode(done), encodeNode({ name, op: "Identity", inputs, attributes: { T: boolean } })];
}
