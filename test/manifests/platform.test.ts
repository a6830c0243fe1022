import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { uploadPackage } from "#actions/register/upload.ts";
import { readTools } from "#config/tools.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";
import { startLocalServer } from "#test/parts/local-server.ts";
import { freePort } from "#test/parts/mlflow.ts";
import { createBucket, seaweedfsPorts } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { openStorage } from "#training/storage/open.ts";

// The platform as processes of this machine: the arguments, variables, secrets and probe of the containers that the manifests
// describe, with the real MLflow of the image and the real SeaweedFS. Only places differ: folders, ports and addresses.
const root = resolve(import.meta.dirname, "../..");
const manifests = join(root, "manifests/platform");
const buckets = ["mlflow", "models", "datasets"]; // that README.md asks for
const username = "admin";
const password = "a password of the tests";
const keys = { accessKeyId: "platform", secretAccessKey: "a secret of the tests" };
const secret: Record<string, string> = {
  MLFLOW_FLASK_SERVER_SECRET_KEY: "any random text",
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  "basic_auth.ini": `[mlflow]
default_permission = READ
database_uri = sqlite:////data/auth.db
admin_username = ${username}
admin_password = ${password}
`,
  "s3.json": JSON.stringify({
    identities: [
      {
        name: "platform",
        credentials: [{ accessKey: keys.accessKeyId, secretKey: keys.secretAccessKey }],
        actions: ["Admin"],
      },
    ],
  }),
};

const Resource = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const Probe = z.looseObject({
  httpGet: z.looseObject({
    path: z.string(),
    httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  }),
});
const Workload = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({
            command: z.array(z.string()).optional(),
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
            envFrom: z.array(z.looseObject({})).default([]),
            startupProbe: Probe.optional(),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(
          z.looseObject({
            name: z.string(),
            secret: z.looseObject({ items: z.array(z.object({ key: z.string(), path: z.string() })) }).optional(),
          }),
        ),
      }),
    }),
    volumeClaimTemplates: z
      .array(
        z.looseObject({ spec: z.looseObject({ resources: z.object({ requests: z.record(z.string(), z.string()) }) }) }),
      )
      .default([]),
  }),
});

const documents = parseAllDocuments(await kustomizeText(manifests)).map((document) => document.toJS());
const named = (kind: string, name: string) =>
  documents.find((document) => {
    const { kind: is, metadata } = Resource.parse(document);
    return is === kind && metadata.name === name;
  });
const server = Workload.parse(named("Deployment", "mlflow"));
const store = Workload.parse(named("StatefulSet", "seaweedfs"));
const serverProbe = server.spec.template.spec.containers[0].startupProbe?.httpGet;

const stack = new AsyncDisposableStack();
let mlflowPort = 0;
let endpoint = "";
let client: ReturnType<typeof createMlflowClient>;

beforeAll(async () => {
  const { seaweedfs, mlflowServerPython } = readTools(root);
  if (!seaweedfs || !mlflowServerPython) throw new Error("no MLflow with S3: run `npm test`, whose set-up prepares it");
  mlflowPort = await freePort();
  const s3Port = await freePort();
  endpoint = `http://127.0.0.1:${s3Port}`;

  const weed = await prepare(store);
  expect(weed.command).toEqual(["/usr/bin/weed"]);
  const local = ["-s3.ip.bind=127.0.0.1", ...(await seaweedfsPorts(s3Port))]; // of an argument that comes twice, the last counts
  const storing = run([seaweedfs, ...weed.args, ...local], weed);
  for (const bucket of buckets) await createBucket(bucket, { endpoint, credentials: keys, attempts: 1 }, storing);

  const mlflow = await prepare(server);
  const [, entrypoint = "[]"] = /^ENTRYPOINT (.*)$/m.exec(await readFile(join(manifests, "Dockerfile"), "utf8")) ?? [];
  const [program = "", ...words] = z.array(z.string()).parse(JSON.parse(entrypoint));
  const env = { ...mlflow.env, MLFLOW_S3_ENDPOINT_URL: endpoint, PATH: `${dirname(mlflowServerPython)}:/usr/bin:/bin` };
  const serving = run(
    [join(dirname(mlflowServerPython), program), ...words, ...mlflow.args, "--host=127.0.0.1", `--port=${mlflowPort}`],
    { ...mlflow, env },
  );
  while ((await health().catch(() => undefined)) !== 200) {
    if (serving.exitCode !== null)
      throw new Error(`MLflow ended: ${await readFile(join(mlflow.folder, "log"), "utf8")}`);
    await sleep(200);
  }
  const asInCluster = stack.use(
    await startLocalServer((asked, answer) => {
      const headers = { ...asked.headers, host: "mlflow.slipway-platform:5000" };
      const { method, url: path } = asked;
      const onward = request({ port: mlflowPort, host: "127.0.0.1", method, path, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      asked.pipe(onward);
    }),
  );
  client = createMlflowClient({ trackingUri: asInCluster.uri, username, password });
  stack.defer(() => client.close());
});
afterAll(() => stack.disposeAsync());

/** The only container of a workload, with folders of this machine in place of what it mounts. */
async function prepare({ spec: { template } }: z.infer<typeof Workload>) {
  const { path: folder } = stack.use(await temporaryFolder());
  const {
    containers: [{ command, args, env, envFrom, volumeMounts }],
    volumes,
  } = template.spec;
  const paths = volumeMounts.map(({ mountPath }) => mountPath);
  const here = (text: string) => text.replace(new RegExp(`(${paths.join("|")})(?=/|$)`, "g"), `${folder}$1`);
  for (const { name, mountPath } of volumeMounts) {
    await mkdir(here(mountPath));
    const items = volumes.find((volume) => volume.name === name)?.secret?.items ?? [];
    for (const { key, path } of items) await writeFile(join(here(mountPath), path), here(secret[key] ?? ""));
  }
  const variables = Object.entries(secret).filter(([key]) => envFrom.length > 0 && !key.includes("."));
  const own = env.map(({ name, value }) => [name, here(value)] as const);
  return {
    folder,
    command,
    args: args.map(here),
    env: { TMPDIR: here("/tmp"), ...Object.fromEntries([...own, ...variables]) },
  };
}

/** Starts a program with these variables and no others; `log` in its folder is what it says. It ends with the tests. */
function run([program = "", ...args]: string[], { folder, env }: { folder: string; env: Record<string, string> }) {
  const log = openSync(join(folder, "log"), "a");
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", log, log], detached: true });
  stack.defer(() => end(child));
  return child;
}

/** Ends a program with those that it has started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = once(child, "close");
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

async function ask(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const asking = request({ port: mlflowPort, host: "127.0.0.1", path, headers }).end();
  const [answer] = await once(asking, "response");
  answer.resume();
  return answer.statusCode;
}

/** As the kubelet asks. */
async function health() {
  const headers = serverProbe?.httpHeaders.map(({ name, value }) => [name.toLowerCase(), value]);
  return await ask(serverProbe?.path ?? "", Object.fromEntries(headers ?? []));
}

test("who has no password may do nothing, nor who asks by a name that is not the server's", async () => {
  const search = "/api/2.0/mlflow/experiments/search?max_results=1";
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const host = "mlflow:5000";
  expect(await ask(search, { host })).toBe(401);
  expect(await ask(search, { host, authorization: `Basic ${Buffer.from("admin:wrong").toString("base64")}` })).toBe(
    401,
  );
  expect(await ask(search, { host: "evil.example.com", authorization })).toBe(403);
  for (const name of [host, "mlflow.slipway-platform:5000", "mlflow.slipway-platform.svc.cluster.local:5000"])
    expect(await ask(search, { host: name, authorization })).toBe(200);
});

test("a model and a file of many parts go through MLflow into the store, and come back as they were", async () => {
  await using folder = await temporaryFolder();
  const experimentId = await client.getOrCreateExperiment("iris");
  const { runId, artifactUri } = await client.createRun({ experimentId });
  const { digest } = await writeIrisPackage(folder.path);
  await uploadPackage(client, { folder: folder.path, digest }, `${artifactUri}/model`); // reads each file back

  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const bytes = Buffer.alloc(65 * 1024 * 1024, "the parts of a big file differ, ");
  for (let at = 0; at < bytes.length; at += 4_096) bytes.writeUInt32LE(at, at);
  await writeFile(join(folder.path, "big.bin"), bytes);
  await client.uploadArtifact(artifactUri, "in-parts.bin", { file: join(folder.path, "big.bin") });
  expect(sha256(await client.downloadArtifact(artifactUri, "in-parts.bin"))).toBe(sha256(bytes));
  await client.uploadArtifact(artifactUri, "as-one.bin", bytes); // which MLflow itself brings to the store in parts
  expect(sha256(await client.downloadArtifact(artifactUri, "as-one.bin"))).toBe(sha256(bytes));

  const stored = openStorage("s3://mlflow", root, { endpoint, credentials: keys });
  const found = await stored.list("");
  const base = `${experimentId}/${runId}/artifacts`;
  expect(found).toEqual(
    expect.arrayContaining([`${base}/as-one.bin`, `${base}/in-parts.bin`, `${base}/model/weights.bin`]),
  );
});

test("each bucket takes what is written", async () => {
  for (const bucket of buckets) {
    const storage = openStorage(`s3://${bucket}`, root, { endpoint, credentials: keys });
    await storage.write("a.txt", Buffer.from("some bytes"));
    expect((await storage.read("a.txt"))?.toString()).toBe("some bytes");
  }
});

test("a claim of the store has room for the volumes of each bucket", () => {
  const { args } = store.spec.template.spec.containers[0];
  const limit = args.find((arg) => arg.startsWith("-master.volumeSizeLimitMB="))?.split("=")[1] ?? "30000"; // SeaweedFS' own
  const [claim] = store.spec.volumeClaimTemplates;
  const gibibytes = Number(/^(\d+)Gi$/.exec(claim?.spec.resources.requests["storage"] ?? "")?.[1]);
  const volumes = 7 * (buckets.length + 1); // as many for each bucket, and for what SeaweedFS keeps itself
  expect((volumes * Number(limit)) / 1024).toBeLessThanOrEqual(gibibytes);
});

test("clients find the store by the name that MLflow tells them", () => {
  const { env } = server.spec.template.spec.containers[0];
  const told = new URL(env.find(({ name }) => name === "MLFLOW_S3_ENDPOINT_URL")?.value ?? "");
  const { metadata, spec } = z
    .looseObject({
      metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
      spec: z.looseObject({ ports: z.tuple([z.looseObject({ port: z.int() })]) }),
    })
    .parse(named("Service", "seaweedfs"));
  expect(told.host).toBe(`${metadata.name}.${metadata.namespace}:${spec.ports[0].port}`);
  expect(store.spec.template.spec.containers[0].args).toContain(`-s3.port=${told.port}`);
});
