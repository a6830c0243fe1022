import type { Candidate } from "#training/candidate.ts";
import { digestOf } from "./evaluation.ts";

/** A candidate as iris training leaves it, with what the test wants different. */
export function candidateOf(changes: Partial<Candidate> = {}): Candidate {
  return {
    model: "iris",
    env: "dev",
    contentHash: digestOf("c"),
    ingredients: { config: digestOf("1"), data: digestOf("2"), code: digestOf("3"), lockfile: digestOf("4") },
    modelDigest: digestOf("a"),
    data: {
      fingerprint: digestOf("f"),
      validationFingerprint: digestOf("d"),
      testFingerprint: digestOf("e"),
      rows: { train: 1800, validation: 600, test: 600 },
      classes: { setosa: 1000, versicolor: 1000, virginica: 1000 },
      duplicates: 3,
    },
    git: { sha: "0123456789abcdef0123456789abcdef01234567", branch: "main", dirty: false },
    run: { trackingUri: "http://localhost:5000", experimentId: "1", runId: "9f2c" },
    device: { backend: "wasm", name: "WebAssembly, SIMD", reason: "fastest for a model this small" },
    curves: Array.from({ length: 80 }, (_, index) => ({
      epoch: index + 1,
      loss: 1.1 * Math.exp(-index / 20) + 0.08,
      accuracy: 1 - 0.65 * Math.exp(-index / 12),
      validationLoss: 1.1 * Math.exp(-index / 22) + 0.11,
      validationAccuracy: 0.97 - 0.62 * Math.exp(-index / 12),
      seconds: 0.02,
    })),
    bestEpoch: 74,
    temperature: 1.083,
    validation: { loss: 0.1324, accuracy: 0.9667 },
    seconds: 4.27,
    cpuSeconds: 5.9,
    startedAt: "2026-11-01T10:00:00Z",
    endedAt: "2026-11-01T10:00:04Z",
    ...changes,
  };
}
