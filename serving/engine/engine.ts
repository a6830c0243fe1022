/** What turns one input into one row of class probabilities. It may gather concurrent calls and may live elsewhere. */
export interface Engine {
  /** Probabilities in the order of the model's classes, of one input in the model's own layout. */
  predict(input: Float32Array): Float32Array | Promise<Float32Array>;
  /** Why no prediction can be made now, for a person to read; `undefined` when one can. */
  unavailable(): string | undefined;
  close(): Promise<void>;
}
