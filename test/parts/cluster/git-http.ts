// Serves bare git repositories over HTTP, for reading and pushing: git-http.ts FOLDER HOST PORT
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const [, , folder = ".", host = "127.0.0.1", port = "0"] = process.argv;

createServer(serve).listen(Number(port), host);

/** One request through git's own CGI program (https://git-scm.com/docs/git-http-backend). */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://git");
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "http.receivepack", // whoever reaches this address may push
      GIT_CONFIG_VALUE_0: "true",
      GIT_CONFIG_KEY_1: "safe.directory",
      GIT_CONFIG_VALUE_1: "*",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      REMOTE_ADDR: request.socket.remoteAddress,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  request.pipe(backend.stdin).on("error", () => undefined); // it may end before it has read all
  let head: Buffer | undefined = Buffer.alloc(0);
  backend.stdout.on("data", (piece: Buffer) => {
    if (!head) return void response.write(piece);
    head = Buffer.concat([head, piece]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const lines = head.subarray(0, end).toString("latin1").split("\r\n");
    const fields = lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]);
    const status = Number(fields.find(([name]) => name === "Status")?.[1].slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== "Status")));
    response.write(head.subarray(end + 4));
    head = undefined;
  });
  backend.on("close", () => response.end());
  response.on("close", () => backend.kill());
}
