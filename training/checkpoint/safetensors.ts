import { z } from "zod";

/** A tensor by name. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  values: Float32Array | Int32Array | Uint8Array;
}

export interface TensorFile {
  tensors: NamedTensor[];
  metadata: Record<string, string>;
}

const typeNames = { Float32Array: "F32", Int32Array: "I32", Uint8Array: "U8" } as const;
const types = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
const bytesOf = { F32: 4, F16: 2, BF16: 2, I32: 4, U8: 1 } as const;
const lengthBytes = 8; // of the header's length, a little-endian integer
const alignment = 8;

const TensorEntry = z.strictObject({
  dtype: z.enum(["F32", "F16", "BF16", "I32", "U8"], { error: ({ input }) => `the type ${input} is not read` }),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Header = z.looseObject({ __metadata__: z.record(z.string(), z.string()).default({}) });

/** Tensors and texts as one safetensors file, in little-endian byte order. https://github.com/huggingface/safetensors#format */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const { name, shape, values } of tensors) {
    const dtype = typeNames[values.constructor.name as keyof typeof typeNames];
    header[name] = { dtype, shape, data_offsets: [size, size + values.byteLength] };
    size += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padding = (alignment - (text.length % alignment)) % alignment;
  const bytes = Buffer.alloc(lengthBytes + text.length + padding + size, " ");
  bytes.writeBigUInt64LE(BigInt(text.length + padding));
  text.copy(bytes, lengthBytes);
  let offset = bytes.length - size;
  for (const { values } of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file: the tensors that `isWanted`, as copies; numbers of half precision become whole ones. Throws for
 * bytes that are no such file.
 */
export function decodeSafetensors(bytes: Uint8Array, isWanted: (name: string) => boolean = () => true): TensorFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.length < lengthBytes ? 0n : view.getBigUint64(0, true);
  if (headerBytes === 0n || headerBytes > bytes.length - lengthBytes)
    throw new Error(`${bytes.length} bytes are no safetensors file: its header would be ${headerBytes} bytes long`);
  const start = lengthBytes + Number(headerBytes);
  const text = new TextDecoder().decode(bytes.subarray(lengthBytes, start));
  const { __metadata__: metadata, ...entries } = Header.parse(JSON.parse(text));
  const data = bytes.subarray(start);
  const wanted = Object.entries(entries).filter(([name]) => isWanted(name));
  const tensors = wanted.map(([name, entry]): NamedTensor => {
    const { dtype, shape, data_offsets } = TensorEntry.parse(entry);
    const [from, to] = data_offsets;
    const size = shape.reduce((product, side) => product * side, bytesOf[dtype]);
    if (to > data.length || to - from !== size)
      throw new Error(`tensor ${name} of shape [${shape}] does not fit bytes ${from} to ${to} of ${data.length}`);
    return { name, shape, values: valuesOf(dtype, new Uint8Array(data.subarray(from, to)).buffer) };
  });
  return { tensors, metadata };
}

function valuesOf(dtype: keyof typeof bytesOf, buffer: ArrayBuffer): NamedTensor["values"] {
  if (dtype === "F16") return Float32Array.from(new Uint16Array(buffer), halfToFloat);
  if (dtype !== "BF16") return new types[dtype](buffer);
  const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16); // the upper half of a float32
  return new Float32Array(bits.buffer);
}

/** IEEE 754, section 3.6: a sign bit, five of exponent, ten of fraction. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}
