import type { Config } from "#config/schema.ts";
import type { Candidate } from "#training/candidate.ts";
import type { Evaluation } from "#training/evaluation.ts";
import type { Release } from "#training/release.ts";
import type { Verdict } from "#training/verdict.ts";

/** What the road has left so far; later steps may not have happened. */
export interface ReportInput {
  config: Pick<Config, "gate" | "cost">;
  candidate: Candidate;
  evaluation?: Evaluation | undefined;
  verdict?: Verdict | undefined;
  release?: Release | undefined;
}
