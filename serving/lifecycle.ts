import type { Served } from "./load.ts";

/** Whether requests should be sent here. */
export type Readiness = { kind: "ready" } | { kind: "not-ready"; reason: string };

/** The server's way from its start to its end. */
export type Lifecycle = ReturnType<typeof createLifecycle>;

/** Follows `served` and the wish to stop. Draining turns readiness off while requests are still answered. */
export function createLifecycle(served: Served) {
  let draining = false;
  const unavailable = () => (served.kind === "broken" ? served.reason : served.engine.unavailable());
  return {
    /** Why a prediction can't be made now; `undefined` when it can, and it can while draining. */
    unavailable,
    readiness(): Readiness {
      const reason = draining ? "the server is stopping" : unavailable();
      return reason === undefined ? { kind: "ready" } : { kind: "not-ready", reason };
    },
    isDraining: () => draining,
    drain() {
      draining = true;
    },
  };
}
