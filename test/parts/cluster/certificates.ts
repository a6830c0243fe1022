import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { command } from "#test/parts/command.ts";
import { folder, nodeAddress, nodeName, ports } from "./place.ts";

/** Where keys and certificates lie. */
export const pki = join(folder, "pki");
const days = "30";

/** Makes an authority of its own, with certificates for the API server, the administrator and the node, and their kubeconfigs. */
export async function makeCertificates(): Promise<void> {
  if (existsSync(join(folder, "node.kubeconfig"))) return;
  await mkdir(pki, { recursive: true, mode: 0o700 });
  await makeKey("ca");
  await openssl(
    "req",
    "-x509",
    "-new",
    "-key",
    "ca.key",
    "-subj",
    "/CN=slipway-cluster",
    "-days",
    days,
    "-out",
    "ca.crt",
  );
  const names = ["DNS:kubernetes.default.svc", "DNS:localhost", "IP:127.0.0.1", `IP:${nodeAddress}`];
  await certify("apiserver", "/CN=kube-apiserver", `subjectAltName=${names.join(",")}`);
  await certify("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth");
  await certify("node", `/O=system:nodes/CN=system:node:${nodeName}`, "extendedKeyUsage=clientAuth");
  await makeKey("service-accounts");
  await openssl("ec", "-in", "service-accounts.key", "-pubout", "-out", "service-accounts.pub");
  await writeKubeconfig("admin", { user: "admin", namespace: "default" });
  await writeKubeconfig("argocd", { user: "admin", namespace: "argocd" }); // Argo CD looks for its settings in the context's namespace
  await writeKubeconfig("node", { user: "node", namespace: "default" });
}

async function makeKey(name: string): Promise<void> {
  await openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
}

async function certify(name: string, subject: string, extension: string): Promise<void> {
  await makeKey(name);
  await openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
  await writeFile(join(pki, `${name}.ext`), `${extension}\n`);
  const authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", days];
  await openssl("x509", "-req", "-in", `${name}.csr`, ...authority, "-extfile", `${name}.ext`, "-out", `${name}.crt`);
}

async function openssl(...args: string[]): Promise<void> {
  await command(["openssl", ...args], { cwd: pki });
}

async function writeKubeconfig(name: string, { user, namespace }: { user: string; namespace: string }): Promise<void> {
  const data = async (file: string) => (await readFile(join(pki, file))).toString("base64");
  const cluster = {
    server: `https://${nodeAddress}:${ports.api}`,
    "certificate-authority-data": await data("ca.crt"),
  };
  const credentials = {
    "client-certificate-data": await data(`${user}.crt`),
    "client-key-data": await data(`${user}.key`),
  };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "slipway", cluster }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: "slipway", context: { cluster: "slipway", user, namespace } }],
    "current-context": "slipway",
  };
  await writeFile(join(folder, `${name}.kubeconfig`), stringify(kubeconfig), { mode: 0o600 });
}
