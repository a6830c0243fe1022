import { request } from "node:http";
import { startLocalServer } from "./local-server.ts";

/** Stands before a server and changes the first byte of what is downloaded from a path that ends in `suffix`. */
export async function damaging(target: string, suffix: string): Promise<AsyncDisposable & { uri: string }> {
  return await startLocalServer((incoming, outgoing) => {
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
}
