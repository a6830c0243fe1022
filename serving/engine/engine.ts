/** Who wants a prediction, and how. */
export interface Asker {
  /** Whether nobody waits for the answer any more. */
  isGone(): boolean;
  /** Told the CPU milliseconds that were spent on it elsewhere than on the calling thread. */
  charge(cpuMs: number): void;
  readonly priority?: number; // 1 goes first
  readonly timeoutMs?: number; // to wait in a queue
}

/** What is told of each batch that was computed. */
export interface BatchFigures {
  readonly rows: number;
  readonly queueMs: readonly number[]; // that each row waited
  readonly computeMs: number;
}

/** What turns one input into one row of class probabilities. It may gather concurrent calls and may live elsewhere. */
export interface Engine {
  /**
   * Probabilities in the order of the model's classes, of one input in the model's own layout.
   * @throws UnavailableError when it can't be asked now.
   */
  predict(input: Float32Array, asker: Asker): Float32Array | Promise<Float32Array>;
  /** Why no prediction can be made now, for a person to read; `undefined` when one can. */
  unavailable(): string | undefined;
  /** What runs now; absent where requests never wait. */
  readonly load?: {
    queued(): number;
    computing(): number;
    restarts(): number;
    residentBytes(): number;
    onBatch(listener: (figures: BatchFigures) => void): void;
  };
  close(): Promise<void>;
}

/** Asked too much, or while the model is away: the same request may be answered after `retryAfterSeconds`. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
  readonly statusCode = 503;
  readonly retryAfterSeconds: number;

  constructor(message: string, waitMs = 0) {
    super(message);
    // drawn anew for each, so that those turned away together do not come back together
    this.retryAfterSeconds = Math.ceil(waitMs / 1000) + 1 + Math.floor(Math.random() * 3);
  }
}
