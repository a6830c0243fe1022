import type { Release } from "#training/release.ts";

/** A SHA-256 of one hexadecimal digit, repeated. */
export const sha256Of = (digit: string) => `sha256:${digit.repeat(64)}`;

/** A registered release of iris in dev; its version is told in all that belongs to it. */
export function registered(version: number, gitSha?: string): Extract<Release, { state: "registered" }> {
  return {
    state: "registered",
    model: "iris",
    env: "dev",
    version: String(version),
    modelDigest: `sha256:${String(version).padStart(64, "0")}`,
    contentHash: sha256Of("c"),
    trackingUri: "http://localhost:5000",
    runId: `run-${version}`,
    modelId: `m-${version}`,
    packageUri: `./outputs/dev/models/iris/${version}`,
    metric: { name: "accuracy", value: 0.96 },
    verdict: { kind: "pass", reason: "accuracy 96 % reaches 90 %" },
    registeredAt: "2026-11-23T00:00:00.000Z",
    ...(gitSha && { gitSha }),
  };
}
