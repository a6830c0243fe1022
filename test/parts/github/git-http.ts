import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyOf } from "#test/parts/local-server.ts";
import { grants, type Permissions } from "./permissions.ts";
import { violationOf } from "./rules.ts";
import type { Caller, State } from "./state.ts";

/** Serves the repository to `git clone` and `git push` over HTTP at `/OWNER/NAME.git`, by git's own http-backend. */
export function createGitHttp(state: State, root: string) {
  const prefix = `/${state.owner}/${state.name}`;

  return {
    isMeant: ({ pathname }: URL): boolean => pathname.startsWith(`${prefix}/`) || pathname.startsWith(`${prefix}.git/`),

    async serve(request: IncomingMessage, response: ServerResponse, caller: Caller | undefined): Promise<number> {
      const url = new URL(request.url ?? "/", state.serverUrl);
      const body = await bodyOf(request);
      const refused = refusal(url, body, caller);
      if (refused) {
        const headers = refused.status === 401 ? { "www-authenticate": 'Basic realm="GitHub"' } : {};
        response.writeHead(refused.status, { "content-type": "text/plain", ...headers }).end(refused.message);
        return refused.status;
      }
      return backend(request, response, { url, body });
    },
  };

  function refusal(
    url: URL,
    body: Buffer,
    caller: Caller | undefined,
  ): { status: number; message: string } | undefined {
    if (!caller) return { status: 401, message: "Authentication required." };
    const isPush = url.pathname.endsWith("/git-receive-pack") || url.searchParams.get("service") === "git-receive-pack";
    if (!may(caller.permissions, isPush)) {
      const message = isPush
        ? `Permission to ${state.owner}/${state.name}.git denied to ${caller.account.login}.`
        : "Repository not found.";
      return { status: 403, message };
    }
    if (!url.pathname.endsWith("/git-receive-pack")) return undefined;
    const [, branch] = /^.{4}[0-9a-f]{40} [0-9a-f]{40} refs\/heads\/([^\0\n ]+)/.exec(body.toString("latin1")) ?? [];
    const violation = branch && violationOf(state, caller, { branch, kind: "update", isSigned: false });
    return violation ? { status: 403, message: violation.message } : undefined;
  }

  function backend(
    request: IncomingMessage,
    response: ServerResponse,
    { url, body }: { url: URL; body: Buffer },
  ): Promise<number> {
    const path = url.pathname.slice(prefix.length).replace(/^\.git/, "");
    const child = spawn("git", ["http-backend"], {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: `/${state.name}.git${path}`,
        REQUEST_METHOD: request.method ?? "GET",
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        CONTENT_LENGTH: String(body.length),
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        REMOTE_USER: "pusher",
      },
    });
    child.stdin.end(body);
    child.stdin.on("error", () => undefined); // it may answer before it has read all
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      child.stdout.on("data", (chunk) => chunks.push(chunk));
      child.on("error", reject);
      child.on("close", () => {
        const output = Buffer.concat(chunks);
        const end = output.indexOf("\r\n\r\n");
        const lines = output.subarray(0, end).toString("latin1").split("\r\n");
        const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/).slice(0, 2)));
        const { Status: status = "200", ...others } = headers;
        response.writeHead(Number.parseInt(status, 10), others).end(output.subarray(end + 4));
        resolve(Number.parseInt(status, 10));
      });
    });
  }
}

function may(permissions: Permissions, isPush: boolean): boolean {
  return grants(permissions, "contents", isPush ? "write" : "read");
}
