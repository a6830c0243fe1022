import { once } from "node:events";
import { createServer, request } from "node:http";

/** Stands before a server and changes the first byte of what is downloaded from a path that ends in `suffix`. */
export async function damaging(target: string, suffix: string): Promise<AsyncDisposable & { uri: string }> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = "/", headers } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      let isFirst = method === "GET" && url.endsWith(suffix);
      answer.on("data", (chunk: Buffer) => {
        if (isFirst) chunk[0] = (chunk[0] ?? 0) ^ 1;
        isFirst = false;
        outgoing.write(chunk);
      });
      answer.on("end", () => outgoing.end());
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    uri: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
