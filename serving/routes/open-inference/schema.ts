/** Name of the only input tensor. */
export const inputName = "inputs";

/** Names of the output tensors: a row of probabilities each, and the name of the likeliest class. */
export const outputNames = ["probabilities", "class"] as const;

/** What the protocol calls the format of the model. */
export const platform = "tensorflowjs_layers_model";

/** A tensor without its data. */
export const tensorSchema = {
  type: "object",
  required: ["name", "datatype", "shape"],
  properties: {
    name: { type: "string" },
    datatype: { type: "string" },
    shape: { type: "array", items: { type: "integer" } },
  },
} as const;

const errorSchema = { type: "object", required: ["error"], properties: { error: { type: "string" } } };

/** Response schemas of the named statuses. */
export function failures(described: Record<number, string>): Record<number, object> {
  return Object.fromEntries(
    Object.entries(described).map(([status, description]) => [status, { description, ...errorSchema }]),
  );
}

/** What every route about a model may answer. */
export const modelFailures = failures({
  400: "The request is not one of this protocol",
  401: "A token is needed, and this is not it",
  404: "Another model or version is served here",
  414: "The path is longer than any of this server's",
  503: "There is no model now: `Retry-After` says when to ask again",
});
