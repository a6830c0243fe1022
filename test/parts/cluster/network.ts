import { existsSync } from "node:fs";
import { command } from "#test/parts/command.ts";
import { hostAddress, linkSubnet, networkNamespace, nodeAddress, podSubnet } from "./place.ts";

const [hostEnd, nodeEnd] = ["slipway0", "slipway1"];
const prefix = linkSubnet.split("/")[1];

/** Makes the cluster's network: a namespace of its own, and a cable from this machine to it, for nobody else to use. */
export async function makeNetwork(): Promise<void> {
  if (existsSync(`/run/netns/${networkNamespace}`)) return;
  await command(["ip", "netns", "add", networkNamespace]);
  await command(["ip", "link", "add", hostEnd, "type", "veth", "peer", "name", nodeEnd, "netns", networkNamespace]);
  await command(["ip", "address", "add", `${hostAddress}/${prefix}`, "dev", hostEnd]);
  await command(["ip", "link", "set", hostEnd, "up"]);
  await command(["ip", "route", "add", podSubnet, "via", nodeAddress]);
  for (const words of [
    ["ip", "link", "set", "lo", "up"],
    ["ip", "address", "add", `${nodeAddress}/${prefix}`, "dev", nodeEnd],
    ["ip", "link", "set", nodeEnd, "up"],
    ["ip", "route", "add", "default", "via", hostAddress], // the kubelet wants one; this machine forwards nothing
    ["sysctl", "-qw", "net.ipv4.ip_forward=1"], // of the namespace: between the cable and the pods
  ]) {
    await command(inNamespace(words));
  }
}

/** Takes the network down; the cable goes with the namespace. */
export async function removeNetwork(): Promise<void> {
  if (!existsSync(`/run/netns/${networkNamespace}`)) return;
  await command(["ip", "link", "delete", hostEnd]).catch(() => undefined); // its end may be gone already
  await command(["ip", "netns", "delete", networkNamespace]);
}

/** The same program inside of the cluster's network. `ip netns exec` would also hide the machine's cgroups. */
export function inNamespace(words: readonly string[]): string[] {
  return ["nsenter", `--net=/run/netns/${networkNamespace}`, "--", ...words];
}
