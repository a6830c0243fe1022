import { setOutput } from "@actions/core";

/** Sets the outputs of this action; an absent one becomes empty, as it is for a workflow that reads it. */
export function setOutputs(outputs: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value ?? "");
}
