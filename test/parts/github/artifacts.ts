import type { Artifacts } from "#test/parts/artifacts.ts";
import { notFound } from "./answer.ts";
import { type Handlers, numberParam } from "./handlers.ts";
import { paged } from "./paging.ts";

/** The artifacts of a run, which the API lists and whose bytes it leads to. */
export function artifactHandlers(artifacts: Artifacts | undefined): Handlers {
  return {
    "actions/list-workflow-run-artifacts": (request) => {
      const name = request.url.searchParams.get("name");
      const found = (artifacts?.ofRun(String(request.params["run_id"])) ?? []).filter(
        (artifact) => name === null || artifact.name === name,
      );
      const { items, headers } = paged(found, request);
      const listed = items.map((artifact) => ({
        id: artifact.id,
        node_id: `A_${artifact.id}`,
        name: artifact.name,
        size_in_bytes: artifact.content?.length ?? 0,
        digest: artifact.digest,
        expired: false,
        created_at: artifact.createdAt,
        workflow_run: { id: Number(artifact.run) },
      }));
      return { status: 200, headers, body: { total_count: found.length, artifacts: listed } };
    },
    "actions/download-artifact": (request) => {
      if (!artifacts) throw notFound();
      return { status: 302, headers: { location: artifacts.downloadUrl(numberParam(request, "artifact_id")) } };
    },
  };
}
