/** How an input of the model travels in requests. */
export interface RequestFormat {
  readonly schema: object; // JSON Schema of a JSON body of `POST /predict`, with an example
  readonly bodyLimitBytes: number; // no well-meant body is larger
  /** The model's input out of a JSON body that the schema has accepted. */
  encode(body: unknown): Float32Array;
  /** The inputs out of a JSON body that is a list of them; `undefined` for a body that is a single one. */
  encodeList?(body: unknown): Float32Array[] | undefined;
  /** What of an input is counted to tell drift, in the order of the reference's inputs; the input itself when absent. */
  measure?(input: Float32Array): Float32Array;
  /** Bodies that are bytes, by their media type. */
  readonly binary?: Readonly<Record<string, BinaryBody>>;
  /** The input as a tensor of the Open Inference Protocol. */
  readonly tensor: TensorFormat;
}

/** An input tensor of the Open Inference Protocol: numbers, or texts. */
export type TensorFormat =
  | {
      readonly datatype: "FP32";
      readonly shape: readonly number[]; // of one row
      /**
       * Why the values are no input of this model, beginning with what is wrong; `undefined` when they are one. One row's,
       * already known to be as many as the shape wants.
       */
      fault(values: Float32Array): string | undefined;
    }
  | {
      readonly datatype: "BYTES";
      readonly shape: readonly []; // a text is a row
      /** The model's input out of a text that is not empty. */
      encode(text: string): Float32Array;
    };

/** A body that is bytes. */
export interface BinaryBody {
  readonly description: string;
  readonly bodyLimitBytes: number;
  /**
   * The model's input out of the bytes.
   * @throws UnfitBodyError when they are none.
   */
  decode(bytes: Buffer): Float32Array;
}

/** The bytes of a body are no input of this model; the message says why, beginning with what they are. */
export class UnfitBodyError extends Error {
  override name = "UnfitBodyError";
  readonly statusCode = 422;
}
