type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array;

/** Numbers of a fixed size each, as many as come: no object a row. */
export interface Column<T extends Numbers> {
  push(value: T[number]): void;
  /** All of them; not to be used once more are pushed. */
  values(): T;
}

export function createColumn<T extends Numbers>(create: (length: number) => T): Column<T> {
  let room = create(1024);
  let length = 0;
  return {
    push(value) {
      if (length === room.length) {
        const larger = create(2 * length);
        (larger as { set(values: Numbers): void }).set(room);
        room = larger;
      }
      room[length++] = value;
    },
    values: () => room.subarray(0, length) as T,
  };
}
