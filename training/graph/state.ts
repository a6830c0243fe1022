import type { Binding } from "./native-backend.ts";
import type { StateEntry } from "./program.ts";
import type { Store } from "./store.ts";

/** Everything stored, copied into JavaScript one tensor at a time. */
export function* stateOf(binding: Binding, store: Store): Generator<StateEntry> {
  const handles = store.readAll();
  let done = 0;
  try {
    for (const { slot, index, shape } of store.stored) {
      const handle = handles[done];
      if (!handle) throw new Error(`the session gave no ${slot} of variable ${index}`);
      const values = binding.tensorDataSync(handle.id);
      binding.deleteTensor(handle.id);
      done += 1;
      yield { slot, index, shape, values };
    }
  } finally {
    for (const { id } of handles.slice(done)) binding.deleteTensor(id);
  }
}

/** Puts entries back; what isn't named keeps its value. Throws, with nothing changed, when one doesn't fit. */
export function restoreStore(binding: Binding, store: Store, entries: Iterable<StateEntry>): void {
  const ids = new Map<Store["stored"][number], number>();
  try {
    for (const { slot, index, shape, values } of entries) {
      const place = store.stored.find((stored) => stored.slot === slot && stored.index === index);
      if (!place || place.shape.join() !== shape.join()) {
        throw new Error(`the program has no ${slot} of shape [${shape}] for its variable ${index}`);
      }
      ids.set(place, binding.createTensor(shape, place.dtype, values.slice())); // a copy: the session keeps the memory
    }
    store.replace(ids);
  } finally {
    for (const id of ids.values()) binding.deleteTensor(id);
  }
}
