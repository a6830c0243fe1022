import type { Served } from "#serving/load.ts";

/** A model and its version, as a path names them. */
export interface Names {
  readonly model: string;
  readonly version?: string;
}

/** @throws Error with status 404 when another model or version is served. */
export function assertServed({ lineage }: Pick<Served, "lineage">, { model, version }: Names): void {
  if (model !== lineage.name) throw notFound("no such model is served here");
  if (version !== undefined && version !== lineage.version) throw notFound("no such version is served here");
}

/** An error that is answered 404. */
export function notFound(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 404 });
}

/** Path parameters, for the API document. */
export function paramsOf(path: string): object {
  const names = ["model", ...(path.includes(":version") ? ["version"] : [])];
  const name = { type: "string", minLength: 1, maxLength: 100 };
  return { type: "object", required: names, properties: Object.fromEntries(names.map((each) => [each, name])) };
}
