import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { readTools } from "#config/tools.ts";
import { createS3Client, type S3Options } from "#training/storage/s3-client.ts";
import { freePort } from "./mlflow.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const startupMs = 60_000;

/** A real S3 server: how a client reaches it, and a bucket in it. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string };
  readonly bucket: string;
  /** The variables that the AWS tools, and our programs, find it by. */
  readonly variables: Record<string, string>;
}

type Credentials = S3Server["credentials"];
type Launch = (folder: string, port: number, credentials: Credentials) => Promise<ChildProcess>;

const servers: Record<string, Launch> = { seaweedfs: launchSeaweedfs, versitygw: launchVersitygw };

/**
 * Starts an S3 server that refuses wrong credentials and wrong checksums, on free ports with an empty bucket: SeaweedFS, or
 * the one that the variable SLIPWAY_TEST_S3 names (versitygw in the end-to-end tests). `buckets` are made beside its own.
 */
export async function startS3({ buckets = [] }: { buckets?: readonly string[] } = {}): Promise<S3Server> {
  const launch = servers[process.env["SLIPWAY_TEST_S3"] ?? "seaweedfs"];
  if (!launch) throw new Error(`SLIPWAY_TEST_S3 names none of ${Object.keys(servers).join(", ")}`);
  const folder = await temporaryFolder();
  const credentials = { accessKeyId: "slipway-tests", secretAccessKey: "a secret of the tests" };
  const port = await freePort();
  const child = await launch(folder.path, port, credentials);
  const endpoint = `http://127.0.0.1:${port}`;
  const bucket = "slipway-tests";
  const server = {
    endpoint,
    credentials,
    bucket,
    variables: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: "us-east-1",
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "close");
      if (child.exitCode === null) child.kill("SIGKILL");
      else return;
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
  for (const name of [bucket, ...buckets]) await createBucket(name, { endpoint, credentials, attempts: 1 }, child);
  return server;
}

async function launchVersitygw(folder: string, port: number, { accessKeyId, secretAccessKey }: Credentials) {
  const { versitygw } = readTools(root);
  if (!versitygw) throw new Error("no versitygw: run `npm run test:e2e`, whose set-up prepares it");
  const data = `${folder}/data`;
  await mkdir(data);
  const keys = [`--access=${accessKeyId}`, `--secret=${secretAccessKey}`];
  const options = [...keys, "--region=us-east-1", `--port=127.0.0.1:${port}`, "--quiet", "posix", data];
  return spawn(versitygw, options, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

async function launchSeaweedfs(folder: string, port: number, { accessKeyId, secretAccessKey }: Credentials) {
  const { seaweedfs } = readTools(root);
  if (!seaweedfs) throw new Error("no SeaweedFS: run `npm test`, whose set-up prepares it");
  const config = `${folder}/s3.json`;
  const keys = [{ accessKey: accessKeyId, secretKey: secretAccessKey }];
  await writeFile(config, JSON.stringify({ identities: [{ name: "tests", credentials: keys, actions: ["Admin"] }] }));
  const options = [
    `-dir=${folder}`,
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-master.telemetry=false",
    "-master.volumeSizeLimitMB=64",
    "-volume.max=0",
    "-s3",
    `-s3.config=${config}`,
    "-s3.autoCreateBucket=false",
    ...(await seaweedfsPorts(port)),
  ];
  return spawn(seaweedfs, ["server", ...options], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

/** Options of `weed server`: its S3 at this port, and free ones for all else that it listens on. */
export async function seaweedfsPorts(port: number): Promise<string[]> {
  const names = ["master", "volume", "filer"].flatMap((name) => [`${name}.port`, `${name}.port.grpc`]);
  const others = [...names, "s3.port.grpc"].map(async (name) => `-${name}=${await freePort()}`);
  return [`-s3.port=${port}`, "-s3.port.iceberg=0", "-s3.port.lance=0", ...(await Promise.all(others))];
}

/** Makes a bucket once the server of `child` answers. Throws with what that server said when it ends, or never does. */
export async function createBucket(bucket: string, options: S3Options, child: ChildProcess): Promise<void> {
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-4000);
  });
  const client = createS3Client(options);
  for (const deadline = Date.now() + startupMs; ; await sleep(50)) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      break;
    } catch (error) {
      if (child.exitCode !== null) {
        throw new Error(`the S3 server ended with ${child.exitCode}: ${log}`, { cause: error });
      }
      if (Date.now() > deadline) throw new Error(`the S3 server does not answer: ${log}`, { cause: error });
    }
  }
  client.destroy();
}
