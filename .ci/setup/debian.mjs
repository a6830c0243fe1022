import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { run } from "./command.mjs";
import { step } from "./progress.mjs";

const waiting = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"];
const policy = "/usr/sbin/policy-rc.d"; // what asks it may not start a service: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt

/** What the cluster and its images are made with, any version: package -> a path that tells that it is there, whoever installed it. */
export const clusterPackages = {
  containerd: ["/usr/bin/containerd", "/usr/local/bin/containerd"],
  "containernetworking-plugins": ["/usr/lib/cni/bridge", "/opt/cni/bin/bridge"],
  "debian-archive-keyring": ["/usr/share/keyrings/debian-archive-keyring.gpg"],
  "docker-registry": ["/usr/bin/docker-registry"],
  "docker.io": ["/usr/bin/dockerd", "/usr/sbin/dockerd"],
  gcc: ["/usr/bin/cc"],
  git: ["/usr/bin/git"],
  iproute2: ["/usr/sbin/ip", "/sbin/ip"],
  iptables: ["/usr/sbin/iptables", "/sbin/iptables"],
  "libc6-dev": [`/usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu/libc.a`],
  mmdebstrap: ["/usr/bin/mmdebstrap"],
  openssl: ["/usr/bin/openssl"],
  "redis-server": ["/usr/bin/redis-server"],
  runc: ["/usr/sbin/runc", "/usr/bin/runc"],
};

/** Throws at once where packages of Debian can't be installed: not root, or no Debian or Ubuntu. */
export function checkDebian(what) {
  if (process.platform !== "linux") throw new Error(`${what} needs Linux, this is ${process.platform}`);
  if (process.getuid() !== 0) throw new Error(`${what} needs root\nremedy: run it with sudo, or as root`);
  if (!existsSync("/usr/bin/apt-get"))
    throw new Error(
      `${what} installs its servers with apt-get, which is not here\nremedy: use Debian 12 or Ubuntu 24.04`,
    );
}

let turn = Promise.resolve();

/** Installs what is missing of `needed`, one call after the other, as apt-get wants it. Services among them are not started. */
export function debianPackages(needed, about) {
  const done = turn.then(() => install(needed, about));
  turn = done.catch(() => undefined); // its own caller hears of it
  return done;
}

async function install(needed, { title, why }) {
  const missing = Object.entries(needed).flatMap(([name, paths]) =>
    paths.some((path) => existsSync(path)) ? [] : [name],
  );
  if (missing.length === 0) return;
  await step(title, `${why}: ${missing.join(" ")}`, async (onLine) => {
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      remedy: "check the network and /etc/apt, then run the same command again",
      onLine,
    };
    await withoutServices(async () => {
      await run(["apt-get", ...waiting, "update"], options);
      await run(["apt-get", ...waiting, "install", "--yes", "--no-install-recommends", ...missing], options);
    });
  });
}

async function withoutServices(work) {
  if (existsSync(policy)) return await work(); // the machine's own
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    await rm(policy);
  }
}
