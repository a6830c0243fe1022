import type { Overlay } from "#actions/gitops/overlay.ts";
import { join, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { Plan } from "./run.ts";

/** A model, what becomes of it, and what is in production. */
export interface Planned {
  model: string;
  plan: Plan;
  champion: Overlay | undefined;
}

/** An entry of a job matrix; what does not apply is empty. */
export type MatrixEntry = ReturnType<typeof matrix>["include"][number];

/** A job matrix of the models for which there is something to do. */
export function matrix(planned: readonly Planned[]) {
  return {
    include: planned.flatMap(({ model, plan, champion }) =>
      plan.kind === "nothing"
        ? []
        : [
            {
              model,
              kind: plan.kind,
              reason: plan.reason,
              "champion-version": champion?.version ?? "",
              "champion-digest": champion?.modelDigest ?? "",
              "champion-package": champion?.packageUri ?? "",
              "package-uri": "packageUri" in plan ? plan.packageUri : "",
              "model-digest": "modelDigest" in plan ? plan.modelDigest : "",
            },
          ],
    ),
  };
}

/** What is going to happen to each model, and why, for the summary of the run. */
export function planTable(env: string, planned: readonly Planned[]): Markdown {
  const rows = planned.map(({ model, plan, champion }) => [
    model,
    md`**${plan.kind}**`,
    prose(plan.reason),
    champion ? `version ${champion.version}` : "none yet",
  ]);
  return join([md`## Plan for ${env}`, table(["model", "what", "why", "in production"], rows)]);
}
