import { structuredPatch } from "diff";
import { parse } from "yaml";
import { z } from "zod";

/** Lines that differ, with a few around them, and the resources in which they differ so. */
export interface Change {
  where: string[];
  lines: string[]; // begin with "+", "-" or " "
}

const Resource = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });

/** What differs between two outputs of `kustomize build`; resources that differ in the same lines are told together. */
export function renderedDiff(before: string, after: string): Change[] {
  const [old, now] = [resources(before), resources(after)];
  const changes = new Map<string, Change>();
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const lines = textDiff(old.get(name) ?? "", now.get(name) ?? "");
    if (lines.length === 0) continue;
    const key = lines.filter((line) => !line.startsWith(" ")).join("\n");
    const same = changes.get(key);
    if (same) same.where.push(name);
    else changes.set(key, { where: [name], lines });
  }
  return [...changes.values()];
}

/** The lines in which two texts differ, with one line around them; `...` where lines are left out. */
export function textDiff(before: string, after: string): string[] {
  const { hunks } = structuredPatch("", "", before, after, undefined, undefined, { context: 1 });
  return hunks.flatMap(({ lines }, index) => {
    const told = lines.filter((line) => !line.startsWith("\\")); // "No newline at end of file"
    return index === 0 ? told : [" ...", ...told];
  });
}

function resources(text: string): Map<string, string> {
  const documents = text.split(/^---\n/m).filter((document) => document.trim() !== "");
  return new Map(
    documents.map((document) => {
      const { kind, metadata } = Resource.parse(parse(document));
      return [`${kind} ${metadata.name}`, document];
    }),
  );
}
