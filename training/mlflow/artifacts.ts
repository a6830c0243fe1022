import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { z } from "zod";
import type { Http } from "./http.ts";
import { uploadInParts } from "./multipart.ts";
import { Int64 } from "./wire.ts";

const service = "/api/2.0/mlflow-artifacts/artifacts";
const multipartFromBytes = 64 * 1024 * 1024;

/** Bytes, or a file of this machine by path. */
export type ArtifactSource = Uint8Array | { file: string };

/** A file or folder below an artifact root. */
export interface ArtifactEntry {
  path: string; // relative to the root
  isFolder: boolean;
  sizeBytes: number | undefined;
}

const Listing = z.looseObject({
  files: z
    .array(z.looseObject({ path: z.string(), is_dir: z.boolean().default(false), file_size: Int64.optional() }))
    .default([]),
});

/** Files of runs and logged models, through MLflow's artifact proxy. `root` is the `artifactUri` of a run or logged model. */
export function createArtifacts(http: Http) {
  return {
    /** Writes one file, over what was there. Big files go in parts where MLflow's store has them, else as one stream. */
    async uploadArtifact(root: string, path: string, source: ArtifactSource): Promise<void> {
      const target = join(proxied(root), path);
      if ("file" in source) {
        const { size } = await stat(source.file);
        if (size >= multipartFromBytes && (await uploadInParts(http, target, source.file))) return;
        const open = () => createReadStream(source.file);
        await http.bytes({ verb: "PUT", path: `${service}/${target}`, body: { length: size, open }, idempotent: true });
      } else {
        const body = { length: source.byteLength, open: () => source };
        await http.bytes({ verb: "PUT", path: `${service}/${target}`, body, idempotent: true });
      }
    },

    async downloadArtifact(root: string, path: string): Promise<Buffer> {
      return await http.bytes({ verb: "GET", path: `${service}/${join(proxied(root), path)}`, idempotent: true });
    },

    /** What lies directly in `folder`, or in the root itself. */
    async listArtifacts(root: string, folder = ""): Promise<ArtifactEntry[]> {
      const path = decodeURIComponent(folder ? join(proxied(root), folder) : proxied(root));
      const { files } = await http.json({ verb: "GET", path: service, query: { path }, idempotent: true }, Listing);
      return files.map((file) => ({
        path: folder ? `${folder}/${file.path}` : file.path,
        isFolder: file.is_dir,
        sizeBytes: file.file_size,
      }));
    },
  };
}

/** The encoded path of an artifact root behind the proxy. Throws `RangeError` for a root that MLflow does not proxy. */
function proxied(root: string): string {
  if (!root.startsWith("mlflow-artifacts:")) {
    throw new RangeError(
      `artifacts of ${root} do not go through MLflow: start it with --serve-artifacts --artifacts-destination, and use a new experiment`,
    );
  }
  return encode(new URL(root).pathname.split("/").map(decodeURIComponent).filter(Boolean));
}

function join(root: string, path: string): string {
  const segments = path.split("/");
  if (path === "" || segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw new RangeError(`${JSON.stringify(path)} is not a plain artifact path`);
  }
  return `${root}/${encode(segments)}`;
}

function encode(segments: readonly string[]): string {
  return segments.map(encodeURIComponent).join("/");
}
