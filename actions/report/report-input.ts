import { z } from "zod";
import { Config } from "#config/schema.ts";
import { Candidate, DataSummary } from "#training/candidate.ts";
import { Evaluation, type Metrics } from "#training/evaluation.ts";
import { Release } from "#training/release.ts";
import { SweepResult } from "#training/sweep/result.ts";
import { Verdict } from "#training/verdict.ts";

/** What of a model's configuration a report needs. */
export const ReportConfig = Config.pick({ gate: true, cost: true, argocd: true });

/** The data that the champion was trained on, or why it is not known. */
export const ChampionData = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("known"), data: DataSummary }),
  z.strictObject({ kind: z.literal("unknown"), reason: z.string() }),
]);

/** What a promotion would change in the cluster: as rendered by kustomize, or in the overlay's own text where it can't be rendered. */
export const ManifestChange = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.enum(["rendered", "overlay"]),
    reason: z.string().optional(), // why it is not rendered
    changes: z.array(z.strictObject({ where: z.array(z.string()), lines: z.array(z.string()) })), // lines begin with "+", "-" or " "
  }),
  z.strictObject({ kind: z.literal("unknown"), reason: z.string() }),
]);

/** `report.json`: all that a report is made of. Later steps may not have happened. */
export const ReportData = z.strictObject({
  config: ReportConfig,
  candidate: Candidate,
  evaluation: Evaluation.optional(),
  verdict: Verdict.optional(),
  release: Release.optional(),
  championData: ChampionData.optional(),
  manifests: ManifestChange.optional(),
  sweep: SweepResult.optional(), // that the candidate has won
});

export type ReportConfig = z.infer<typeof ReportConfig>;
export type ChampionData = z.infer<typeof ChampionData>;
export type ManifestChange = z.infer<typeof ManifestChange>;
export type ReportData = z.infer<typeof ReportData>;

type NotShown = "ingredients" | "startedAt" | "endedAt";
type Identity = "contentHash" | "modelDigest" | "git" | "run";

/** What the sections show of report data. Of an untrusted run there are numbers only, so nothing that names a thing. */
export interface ReportInput extends Omit<ReportData, "candidate" | "evaluation"> {
  candidate: Omit<Candidate, NotShown | Identity | "data"> &
    Partial<Pick<Candidate, Identity>> & {
      data: Pick<DataSummary, "rows" | "classes" | "duplicates"> & Partial<Pick<DataSummary, "fingerprint">>;
    };
  evaluation?:
    | (Pick<Evaluation, "role" | "rows" | "classes" | "looks" | "slices"> & {
        candidate: { metrics: Metrics; cpuMs?: number | undefined };
        champion?: { version: string; metrics: Metrics } | undefined;
      })
    | undefined;
}
