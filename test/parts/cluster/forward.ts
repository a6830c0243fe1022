import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { connect, createServer } from "node:net";
import { hostAddress } from "./place.ts";

interface Address {
  host: string;
  port: number;
}

/** Passes connections on, as they are. */
export async function relay(from: Address, to: Address): Promise<AsyncDisposable> {
  const server = createServer((outer) => {
    const inner = connect(to);
    outer.pipe(inner).pipe(outer);
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(from);
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

/** Lets pods reach a server on this machine's loopback, at the same port of the address that they know of this machine. */
export async function forwardFromPods(port: number): Promise<AsyncDisposable & { host: string }> {
  const relaying = await relay({ host: hostAddress, port }, { host: "127.0.0.1", port });
  return { ...relaying, host: `${hostAddress}:${port}` };
}

/** The same over HTTP, for a server that answers only to names of loopback. */
export async function forwardHttpFromPods(port: number): Promise<AsyncDisposable & { host: string }> {
  const server = createHttpServer((asked, answer) => {
    const { method, url: path, headers } = asked;
    const options = { host: "127.0.0.1", port, method, path, headers: { ...headers, host: `127.0.0.1:${port}` } };
    const inner = request(options, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    inner.on("error", () => answer.destroy());
    asked.pipe(inner);
  });
  server.listen(port, hostAddress);
  await once(server, "listening");
  return {
    host: `${hostAddress}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
