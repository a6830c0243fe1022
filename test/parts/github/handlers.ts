import type { Answer } from "./answer.ts";
import type { Shapes } from "./shapes.ts";
import type { Caller, State } from "./state.ts";

/** A request that passed the schema and whose token is allowed to make it. */
export interface ApiRequest {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly url: URL;
  readonly accept: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Handlers = Readonly<Record<string, (request: ApiRequest) => Answer | Promise<Answer>>>;

export interface Emulated {
  readonly state: State;
  readonly shapes: Shapes;
}

/** A text of the request's body that its schema requires. */
export function textOf(request: ApiRequest, name: string): string {
  const value = request.body[name];
  if (typeof value !== "string") throw new Error(`the schema lets ${name} be ${typeof value}`);
  return value;
}

/** A text of the request's body that may be missing. */
export function optionalText(request: ApiRequest, name: string): string | undefined {
  const value = request.body[name];
  return typeof value === "string" ? value : undefined;
}

export function numberParam(request: ApiRequest, name: string): number {
  return Number(request.params[name]);
}
