import type { IncomingMessage, ServerResponse } from "node:http";
import { startLocalServer } from "./local-server.ts";

/** A local server that plays a part: each answer is a function of the request. `seen` holds verb and path of every request. */
export async function answering(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<AsyncDisposable & { uri: string; seen: string[] }> {
  const seen: string[] = [];
  const server = await startLocalServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume();
    request.on("end", () => answer(request, response, seen.length));
  });
  return { ...server, seen };
}
