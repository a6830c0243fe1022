import type { Gate } from "#config/schema.ts";
import type { Verdict } from "./verdict.ts";

/** What a verdict means for the road: go on, stop as a failure, or stop until a person has decided. */
export type Outcome = { kind: "pass" | "fail" | "hold"; reason: string };

/** Applies the environment's `gate.onInconclusive` to a verdict. */
export function outcome(verdict: Verdict, onInconclusive: Gate["onInconclusive"]): Outcome {
  if (verdict.kind !== "inconclusive") return { kind: verdict.kind, reason: verdict.reason };
  return onInconclusive === "pass"
    ? { kind: "pass", reason: `passes with a warning, inconclusive: ${verdict.reason}` }
    : { kind: "hold", reason: `held, inconclusive: ${verdict.reason}` };
}
