// actions/setup-node: the machine's Node has to do
import { z } from "zod";
import { flag, inputsOf, setOutput } from "./inputs.ts";

const inputs = inputsOf({
  "node-version": z.string().optional(),
  "node-version-file": z.string().optional(),
  cache: z.string().optional(),
  "package-manager-cache": flag.default(true),
});
const [major = ""] = process.versions.node.split(".");
if (inputs["node-version"] && inputs["node-version"].split(".")[0] !== major) {
  throw new Error(`Node ${inputs["node-version"]} was asked for, and this is ${process.versions.node}`);
}
await setOutput("node-version", `v${process.versions.node}`);
await setOutput("cache-hit", "false");
