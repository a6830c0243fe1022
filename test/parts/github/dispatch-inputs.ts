import { parse } from "yaml";
import { Refusal } from "./answer.ts";

interface Input {
  readonly type?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly options?: readonly string[];
}

/** Refuses what GitHub refuses of a workflow_dispatch before any run starts: no such trigger, unknown inputs, values that are no choice. */
export function checkDispatch(workflow: string, inputs: Readonly<Record<string, unknown>>): void {
  const on = parse(workflow).on;
  const isListed = on === "workflow_dispatch" || (Array.isArray(on) && on.includes("workflow_dispatch"));
  if (!isListed && !(typeof on === "object" && on !== null && "workflow_dispatch" in on)) {
    throw new Refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  }
  const known: Record<string, Input> = isListed ? {} : (on.workflow_dispatch?.inputs ?? {});
  const unexpected = Object.keys(inputs).filter((name) => !(name in known));
  if (unexpected.length > 0) throw new Refusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  for (const [name, { type, required, default: preset, options = [] }] of Object.entries(known)) {
    const value = inputs[name] ?? preset;
    if (value === undefined || value === "") {
      if (required) throw new Refusal(422, `Required input '${name}' not provided`);
    } else if (type === "choice" && !options.includes(String(value))) {
      throw new Refusal(422, `Provided value '${value}' for input '${name}' not in the list of allowed values`);
    } else if (type === "boolean" && !["true", "false"].includes(String(value))) {
      throw new Refusal(422, `Provided value '${value}' for input '${name}' is not a boolean`);
    }
  }
}
