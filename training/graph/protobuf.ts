/** Writes the wire format of Protocol Buffers: just enough to build messages field by field. https://protobuf.dev/programming-guides/encoding/ */

/** A base-128 integer; negative ones as 64-bit two's complement. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return Buffer.from(bytes);
}

/** An integer, boolean or enum field. */
export function integerField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** A 32-bit float field. */
export function floatField(field: number, value: number): Buffer {
  return Buffer.concat([varint((field << 3) | 5), float(value)]);
}

/** A field of bytes, of UTF-8 text, or of a nested message made of `parts`. */
export function bytesField(field: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

/** A repeated numeric field in packed form. */
export function packedField(field: number, values: readonly number[], encode: (value: number) => Buffer): Buffer {
  return bytesField(field, ...values.map(encode));
}

/** Four bytes, little-endian. */
export function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
