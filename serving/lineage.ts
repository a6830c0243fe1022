/** Which model this is and where it came from: what `/version` shows and every answer names. */
export interface Lineage {
  readonly name: string;
  readonly version: string; // of the MLflow registered model; "unregistered" for a package served by hand
  readonly digest?: string; // of the model package; absent when it could not be read and none was expected
  readonly contentHash?: string; // of everything that went into the training
  readonly gitSha?: string;
  readonly runId?: string; // of MLflow
}

/** JSON Schema of a `Lineage`. */
export const lineageSchema = {
  type: "object",
  required: ["name", "version"],
  properties: {
    name: { type: "string" },
    version: { type: "string", description: "Version of the registered model in MLflow" },
    digest: { type: "string", description: "SHA-256 of the model package" },
    contentHash: { type: "string", description: "SHA-256 of the code, data and configuration it was trained with" },
    gitSha: { type: "string", description: "Commit it was trained from" },
    runId: { type: "string", description: "MLflow run it was trained in" },
  },
} as const;
