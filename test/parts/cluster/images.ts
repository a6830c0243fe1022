import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { command } from "#test/parts/command.ts";
import { registryHost, socketFolder } from "./place.ts";
import { startOutside, stop, untilReady } from "./processes.ts";

const root = resolve(import.meta.dirname, "../../..");
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway/images"); // layers outlive a cluster
const suite = "bookworm";
const baseImage = "slipway.local/node:24";
const socket = join(socketFolder, "docker.sock");

/**
 * Docker on a socket of its own, of the machine's network: images are built where packages can be fetched. It makes no
 * bridge and no firewall rule, so it leaves nothing behind.
 */
export async function startDocker(): Promise<void> {
  await mkdir(socketFolder, { recursive: true });
  const settings = join(socketFolder, "docker.json");
  await writeFile(settings, JSON.stringify({ builder: { gc: { enabled: true, defaultKeepStorage: "10GB" } } })); // of layers
  await startOutside("docker", [
    "dockerd",
    `--config-file=${settings}`,
    ...["--host", `unix://${socket}`, "--pidfile", join(socketFolder, "docker.pid")],
    ...["--data-root", join(cache, "docker"), "--exec-root", join(socketFolder, "docker")],
    ...["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"],
    ...["--insecure-registry", registryHost],
  ]);
  await untilReady("docker", async () => (await docker("info")) !== "");
  if ((await docker("images", "--quiet", baseImage)) === "") await importBase();
}

/** Ends it, and removes images whose name another one has taken. */
export async function stopDocker(): Promise<void> {
  await docker("image", "prune", "--force").catch(() => undefined); // it may not have started
  await stop("docker");
}

/** Runs Docker's client on the socket of `startDocker` and returns its stdout. */
export async function docker(...args: string[]): Promise<string> {
  const program = ["/usr/bin/docker", "/usr/local/bin/docker"].find((path) => existsSync(path)) ?? "docker"; // Debian's speaks its own daemon's language
  return await command([program, ...args], { env: { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: "1" } });
}

/** Builds a Dockerfile on the local base image, unless `values` name another, out of the files in `context`. */
export async function buildImage(
  dockerfile: string,
  { tag, context = root, values = {} }: { tag: string; context?: string; values?: Readonly<Record<string, string>> },
): Promise<void> {
  const settings = Object.entries({ BASE_IMAGE: baseImage, ...values }).map(
    ([key, value]) => `--build-arg=${key}=${value}`,
  );
  await docker("build", "--network=host", "--file", join(context, dockerfile), "--tag", tag, ...settings, context);
}

/** Pushes an image to the cluster's registry and returns its digest. */
export async function pushImage(tag: string): Promise<string> {
  await docker("push", "--quiet", tag);
  const [name] = tag.split(/:(?=[^/]*$)/);
  const digests = JSON.parse(await docker("image", "inspect", "--format={{json .RepoDigests}}", tag)) as string[];
  const digest = digests.find((each) => each.startsWith(`${name}@`))?.split("@")[1];
  if (!digest) throw new Error(`${tag} was pushed, yet Docker knows no digest of it`);
  return digest;
}

/**
 * What the official image node:24-bookworm-slim is: Debian, the user node, Node.js and npm. No registry of images is asked:
 * Debian comes from its archive, Node from this checkout's packages, npm from the machine. It also has the machine's
 * certificates, so that packages can be fetched through a proxy.
 */
async function importBase(): Promise<void> {
  const system = await debianSystem();
  const place = await mkdtemp(join(tmpdir(), "slipway-base-"));
  try {
    const npm = dirname(dirname(await command(["readlink", "-f", (await command(["which", "npm"])).trim()])));
    await cp(join(root, "node_modules/node/bin/node"), join(place, "node"));
    await cp(npm, join(place, "npm"), { recursive: true, dereference: true });
    await cp("/etc/ssl/certs/ca-certificates.crt", join(place, "ca-certificates.crt"), { dereference: true });
    await cp(system, join(place, "system.tar"));
    const certificates = "/etc/ssl/certs/ca-certificates.crt";
    const variables = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "PIP_CERT"].map((name) => `${name}=${certificates}`);
    const dockerfile = `FROM scratch
ADD system.tar /
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY ca-certificates.crt ${certificates}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node
ENV ${variables.join(" ")}
`;
    await writeFile(join(place, "Dockerfile"), dockerfile);
    await docker("build", "--network=host", "--tag", baseImage, place);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A minimal Debian as an archive, made once. */
async function debianSystem(): Promise<string> {
  const path = join(cache, `${suite}-${process.arch}.tar`);
  if (existsSync(path)) return path;
  await mkdir(cache, { recursive: true });
  const draft = join(cache, `${process.pid}.tar`);
  await command(["mmdebstrap", "--variant=minbase", "--include=ca-certificates,libatomic1", suite, draft]);
  await rename(draft, path);
  return path;
}
