import { request } from "node:http";
import { startLocalServer } from "./local-server.ts";

/**
 * Stands before a server and cuts the connection instead of giving the answer, the first time each verb and path is
 * asked: the server did its work, and the client does not know. `severed` holds what was cut.
 */
export async function severing(target: string): Promise<AsyncDisposable & { uri: string; severed: string[] }> {
  const severed: string[] = [];
  const server = await startLocalServer((incoming, outgoing) => {
    const { method, url = "/", headers } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (answer) => {
      const call = `${method} ${url.split("?")[0]}`;
      if (severed.includes(call)) {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      severed.push(call);
      answer.resume().on("end", () => incoming.socket.destroy());
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  return { ...server, severed };
}
