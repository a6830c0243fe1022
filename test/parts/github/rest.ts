import addFormats from "ajv-formats";
import { OpenAPIBackend, type Request } from "openapi-backend";
import type { Artifacts } from "#test/parts/artifacts.ts";
import { type Answer, Refusal } from "./answer.ts";
import { artifactHandlers } from "./artifacts.ts";
import { contentHandlers } from "./contents.ts";
import type { ApiRequest, Handlers } from "./handlers.ts";
import { issueHandlers } from "./issues.ts";
import { isAllowed, operations } from "./permissions.ts";
import { pullHandlers } from "./pulls.ts";
import { repositoryHandlers } from "./repository.ts";
import { createCompleter, githubDescription, type OperationObject } from "./schema.ts";
import { createShapes } from "./shapes.ts";
import type { Caller, State } from "./state.ts";

export interface RestRequest {
  readonly method: string;
  readonly url: URL; // with the path below the API's root
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

export interface RestOptions {
  readonly state: State;
  readonly apiUrl: string;
  readonly artifacts: Artifacts | undefined;
}

let shared: ReturnType<typeof createBackend> | undefined;

// once a process: the description is large, and its validators are compiled as they are needed
async function createBackend() {
  const document = await githubDescription(operations);
  const backend = new OpenAPIBackend({
    definition: document as never,
    quick: true,
    ajvOpts: { strict: false, unicodeRegExp: false, allErrors: true },
    customizeAjv: (ajv) => {
      addFormats.default(ajv as never);
      ajv.addFormat("repo.nwo", /^[^/]+\/[^/]+$/);
      return ajv;
    },
  });
  await backend.init();
  return { document, backend };
}

/** GitHub's REST API: every request and every answer is checked by the official OpenAPI description. */
export async function createRest({ state, apiUrl, artifacts }: RestOptions) {
  shared ??= createBackend();
  const { document, backend } = await shared;
  const complete = createCompleter(document, state.serverUrl);
  const shapes = createShapes(state, apiUrl);
  const emulated = { state, shapes };
  const handlers: Handlers = {
    ...issueHandlers(emulated),
    ...pullHandlers(emulated),
    ...contentHandlers(emulated),
    ...repositoryHandlers(emulated),
    ...artifactHandlers(artifacts),
  };

  const requestOf = ({ method, url, headers, body }: RestRequest): Request => ({
    method,
    path: encodedPath(url.pathname),
    query: url.search.slice(1),
    headers,
    body: body as string,
  });

  return {
    /** The operation id that a request means, if the emulator plays it. */
    operationOf: (request: RestRequest): string | undefined =>
      (backend.matchOperation(requestOf(request)) as OperationObject | undefined)?.operationId,

    /** Answers a request of a known operation. `distorted` stands for the emulator's own answer where given. */
    async answer(request: RestRequest, caller: Caller, distorted?: { body: unknown }): Promise<Answer> {
      const asked = requestOf(request);
      const operation = backend.matchOperation(asked) as unknown as OperationObject;
      const handler = handlers[operation.operationId];
      if (!handler) throw new Error(`no handler for ${operation.operationId}`);
      if (!isHere(request.url, state)) return new Refusal(404, "Not Found").answer;
      if (!isAllowed(operation.operationId, caller.permissions)) {
        return new Refusal(403, "Resource not accessible by integration").answer;
      }
      const checked = backend.validateRequest(asked);
      if (checked.errors?.length) {
        const errors = checked.errors.map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
        return new Refusal(422, `Invalid request.\n\n${errors.join("\n")}`, { errors }).answer;
      }
      const parsed = backend.router.parseRequest(asked, operation as never);
      const api: ApiRequest = {
        caller,
        params: decodedParams(parsed.params as Record<string, string>),
        url: new URL(`${apiUrl}${request.url.pathname}${request.url.search}`),
        accept: request.headers["accept"] ?? "",
        body: (request.body ?? {}) as Record<string, unknown>,
      };
      const answer = await refusable(() => handler(api));
      return distorted ? validated({ ...answer, ...distorted }, operation) : validated(answer, operation);
    },
  };

  function validated(answer: Answer, operation: OperationObject): Answer {
    if (answer.status >= 300 || answer.body === undefined || Buffer.isBuffer(answer.body)) return answer;
    const body = complete(answer.body, operation, answer.status);
    const { errors } = backend.validateResponse(body, operation.operationId, answer.status);
    if (!errors?.length) return { ...answer, body };
    const told = errors.slice(0, 5).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
    const message = `the emulator's answer to ${operation.operationId} is not what GitHub's schema says`;
    return { status: 500, body: { message, errors: told } };
  }
}

export type Rest = Awaited<ReturnType<typeof createRest>>;

function isHere(url: URL, { owner, name }: State): boolean {
  return !url.pathname.startsWith("/repos/") || url.pathname.startsWith(`/repos/${owner}/${name}`);
}

async function refusable(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

// GitHub takes slashes in these last segments as they are; the description's paths don't tell
function encodedPath(path: string): string {
  const greedy = /^(\/repos\/[^/]+\/[^/]+\/(?:contents|git\/refs?|git\/matching-refs|compare|rules\/branches)\/)(.*)$/;
  return path.replace(greedy, (_, start: string, rest: string) => start + encodeURIComponent(decodeURIComponent(rest)));
}

function decodedParams(params: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params ?? {}).map(([name, value]) => [name, decodeURIComponent(String(value))]),
  );
}
