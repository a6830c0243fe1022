import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyOf, startLocalServer } from "./local-server.ts";

/** An artifact as the service holds it. */
export interface Artifact {
  readonly id: number;
  readonly run: string;
  readonly name: string;
  readonly createdAt: string;
  readonly mimeType: string;
  readonly blocks: Map<string, Buffer>;
  digest: string | undefined; // sha256:HEX
  content: Buffer | undefined; // of the whole upload
}

export interface Artifacts extends AsyncDisposable {
  readonly uri: string;
  /** The artifacts of a run that were uploaded whole. */
  ofRun(run: string): Artifact[];
  /** Where the bytes of an artifact are, as GitHub's redirect tells. */
  downloadUrl(id: number): string;
  /** What a runner gives the steps of a run, so that @actions/artifact finds the service. */
  variables(run: string): Record<string, string>;
}

type Call = Readonly<Record<string, string | undefined>>;

/** GitHub's service for workflow artifacts (v4): Twirp calls, and uploads in blocks as Azure takes them. Spoken to by @actions/artifact. */
export async function startArtifacts(): Promise<Artifacts> {
  const artifacts: Artifact[] = [];
  const find = (run: string | undefined, name: string | undefined) =>
    artifacts.find((artifact) => artifact.run === run && artifact.name === name);
  const whole = (run: string | undefined) =>
    artifacts.filter((artifact) => artifact.run === run && artifact.content && artifact.digest);

  const calls: Record<string, (call: Call) => { status: number; body: object }> = {
    CreateArtifact({ name = "", workflow_run_backend_id: run = "", mime_type: mimeType = "application/zip" }) {
      if (find(run, name)) {
        const msg = "an artifact with this name already exists on the workflow run";
        return { status: 409, body: { code: "already_exists", msg } };
      }
      const id = Math.max(0, ...artifacts.map((artifact) => artifact.id)) + 1;
      const createdAt = new Date().toISOString();
      const empty = { blocks: new Map<string, Buffer>(), digest: undefined, content: undefined };
      artifacts.push({ id, run, name, mimeType, createdAt, ...empty });
      return { status: 200, body: { ok: true, signed_upload_url: blobUrl(id) } };
    },
    FinalizeArtifact({ name, workflow_run_backend_id: run, hash, size }) {
      const artifact = find(run, name);
      if (!artifact?.content || artifact.content.length !== Number(size)) return missing(name);
      artifact.digest = hash;
      return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
    },
    ListArtifacts({ workflow_run_backend_id: run, name_filter: name, id_filter: id }) {
      const found = whole(run).filter(
        (artifact) => (!name || artifact.name === name) && (!id || artifact.id === Number(id)),
      );
      const listed = found.map((artifact) => ({
        workflow_run_backend_id: run,
        workflow_job_run_backend_id: "job",
        database_id: String(artifact.id),
        name: artifact.name,
        size: String(artifact.content?.length ?? 0),
        created_at: artifact.createdAt,
        digest: artifact.digest,
      }));
      return { status: 200, body: { artifacts: listed } };
    },
    GetSignedArtifactURL({ workflow_run_backend_id: run, name }) {
      const artifact = find(run, name);
      return artifact ? { status: 200, body: { signed_url: blobUrl(artifact.id) } } : missing(name);
    },
    DeleteArtifact({ workflow_run_backend_id: run, name }) {
      const artifact = find(run, name);
      if (!artifact) return missing(name);
      artifacts.splice(artifacts.indexOf(artifact), 1);
      return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
    },
  };

  const server = await startLocalServer((request, response) => {
    handle(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", server.uri);
    const body = await bodyOf(request);
    const call = /\/twirp\/github\.actions\.results\.api\.v1\.ArtifactService\/(\w+)$/.exec(url.pathname)?.[1];
    if (call) return answerCall(request, response, { call, body });
    const artifact = artifacts.find(({ id }) => url.pathname === `/blobs/${id}`);
    if (!artifact || url.searchParams.get("sig") !== "signed") return void response.writeHead(403).end();
    if (request.method === "PUT") return receive(response, { artifact, body, query: url.searchParams });
    const headers = {
      "content-type": artifact.mimeType,
      "content-disposition": `attachment; filename="${artifact.name}.zip"`,
    };
    response.writeHead(artifact.content ? 200 : 404, headers).end(artifact.content);
  }

  function answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    { call, body }: { call: string; body: Buffer },
  ): void {
    const asked = JSON.parse(body.toString("utf8")) as Call;
    const isOwn = runOf(request.headers.authorization) === asked["workflow_run_backend_id"];
    const refused = { status: 403, body: { code: "permission_denied", msg: "the token is another run's" } };
    const unknown = { status: 404, body: { code: "bad_route", msg: call } };
    const answer = isOwn ? (calls[call]?.(asked) ?? unknown) : refused;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  }

  function blobUrl(id: number): string {
    return `${server.uri}/blobs/${id}?sig=signed`;
  }

  return {
    uri: server.uri,
    ofRun: whole,
    downloadUrl: blobUrl,
    variables: (run) => ({ ACTIONS_RESULTS_URL: `${server.uri}/`, ACTIONS_RUNTIME_TOKEN: tokenOf(run) }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function missing(name: string | undefined) {
  return { status: 404, body: { code: "not_found", msg: `no artifact ${name} was uploaded` } };
}

function receive(
  response: ServerResponse,
  { artifact, body, query }: { artifact: Artifact; body: Buffer; query: URLSearchParams },
): void {
  const part = query.get("comp");
  if (part === "block") artifact.blocks.set(query.get("blockid") ?? "", body);
  else if (part === "blocklist") artifact.content = joined(artifact.blocks, body.toString("utf8"));
  else artifact.content = body;
  const headers = {
    etag: '"1"',
    date: new Date().toUTCString(),
    "x-ms-request-id": randomUUID(),
    "x-ms-version": "2024-11-04",
  };
  response.writeHead(201, headers).end();
}

function joined(blocks: ReadonlyMap<string, Buffer>, list: string): Buffer {
  const ids = [...list.matchAll(/<Latest>([^<]+)</g)].map(([, id]) => id ?? "");
  return Buffer.concat(ids.map((id) => blocks.get(id) ?? fail(`no block ${id} was uploaded`)));
}

function fail(reason: string): never {
  throw new Error(reason);
}

// the client reads the ids of its run from the token, and nothing else
function tokenOf(run: string): string {
  const claims = { scp: `Actions.Results:${run}:job`, exp: Math.floor(Date.now() / 1000) + 24 * 3600 };
  const parts = [{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return [...parts, "unsigned"].join(".");
}

function runOf(authorization: string | undefined): string | undefined {
  const payload = authorization?.replace(/^Bearer /, "").split(".")[1];
  if (!payload) return undefined;
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")).scp?.split(":")[1];
}
