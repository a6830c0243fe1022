import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Problem, problemType } from "./problem.ts";

const statuses: Partial<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
  HPE_HEADER_OVERFLOW: [431, "the headers are too large"],
};

/** Answers what never became a request (not HTTP, headers too large, too slow) and closes its connection. */
export function answerConnectionError(error: Error & { code?: string }, socket: Socket): void {
  if (socket.destroyed || error.code === "ECONNRESET") return;
  const [status, detail] = statuses[error.code ?? ""] ?? [400, "the request is not HTTP"];
  const title = STATUS_CODES[status] ?? "Error";
  const problem: Problem = { type: "about:blank", title, status, detail, requestId: "none" };
  const body = JSON.stringify(problem);
  if (socket.writable) {
    const headers = `content-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
    socket.write(`HTTP/1.1 ${status} ${title}\r\n${headers}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
