import { matchesGlob } from "node:path";
import { z } from "zod";
import type { Event } from "./events.ts";
import type { Workflow } from "./workflow-files.ts";

const Texts = z.array(z.string());
const Filters = z
  .strictObject({
    branches: Texts.optional(),
    paths: Texts.optional(),
    "paths-ignore": Texts.optional(),
    types: Texts.optional(),
    inputs: z.unknown().optional(),
    workflows: Texts.optional(),
  })
  .nullable();

const defaultTypes = { pull_request: ["opened", "synchronize", "reopened"] };

/**
 * Whether GitHub would start a run of the workflow in `file` for this event: act does not look at filters. A filter that is not
 * known here fails instead of being passed over.
 */
export function isTriggered(file: string, { on }: Workflow, event: Event): boolean {
  if (!(event.name in on) || (event.file !== undefined && event.file !== file)) return false;
  if (event.name === "schedule") return true;
  const filters = Filters.parse(on[event.name]) ?? {};
  const { branches, paths, types, workflows } = filters;
  const ignored = filters["paths-ignore"];
  const known = types ?? (event.name === "pull_request" ? defaultTypes.pull_request : undefined);
  return (
    (!branches || branches.some((pattern) => matchesGlob(event.branch, pattern))) &&
    (!paths || event.changedPaths.some((path) => paths.some((pattern) => matchesGlob(path, pattern)))) &&
    (!ignored || !event.changedPaths.every((path) => ignored.some((pattern) => matchesGlob(path, pattern)))) &&
    (!known || event.type === undefined || known.includes(event.type)) &&
    (!workflows || (event.workflow !== undefined && workflows.includes(event.workflow)))
  );
}
