import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSavedModel } from "./graph-def.ts";
import type { Binding, Handle } from "./native-backend.ts";

/** A value for a placeholder: the output's name (`node:0`) and the handle of a tensor. */
export type Feed = readonly [name: string, id: number];

export type Session = ReturnType<typeof openSession>;

/** Loads encoded nodes into a TensorFlow session. Its variables live until `close`. */
export function openSession(binding: Binding, nodes: readonly Buffer[]) {
  const folder = mkdtempSync(join(tmpdir(), "graph-"));
  let session: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), encodeSavedModel(nodes));
    session = binding.loadSavedModel(`${folder}/`, "serve");
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    /** Computes `fetches` (`node:0`); the caller owns the results. Optimises the graph when a set of names is new. */
    run(feeds: readonly Feed[], fetches: readonly string[]): Handle[] {
      const names = feeds.map(([name]) => name);
      const ids = feeds.map(([, id]) => id);
      return binding.runSavedModel(session, ids, names.join(), fetches.join());
    },
    close(): void {
      binding.deleteSavedModel(session);
    },
  };
}
