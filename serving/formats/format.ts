/** How an input of the model travels in the body of `POST /predict`. */
export interface RequestFormat {
  readonly schema: object; // JSON Schema of the body, with an example
  readonly bodyLimitBytes: number; // no well-meant body is larger
  /** The model's input out of a body that the schema has accepted. */
  encode(body: unknown): Float32Array;
}
