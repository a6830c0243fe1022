import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** What is done to a request or its answer instead of passing it on whole. */
export type Fault =
  | { kind: "reset" } // the connection is broken before the server hears anything
  | { kind: "forget" } // the server does its work, and the connection is broken instead of the answer
  | { kind: "truncate"; afterBytes: number } // the answer's body breaks off with the connection
  | { kind: "answer"; status: number; body?: string } // the proxy answers by itself
  | { kind: "hang" } // no answer ever
  | { kind: "stall"; afterBytes: number } // the answer's body stops coming, the connection stays
  | { kind: "delay"; ms: number } // passed on whole, later
  | { kind: "flipRequest" } // one bit of the request's body changes on the way
  | { kind: "flipAnswer" }; // one bit of the answer's body changes on the way

export interface SeenRequest {
  readonly method: string;
  readonly path: string; // without query
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FaultyProxy extends AsyncDisposable {
  readonly uri: string;
  /** Everything asked so far. */
  readonly seen: SeenRequest[];
  /** Decides what happens to a request; nothing when it gives `undefined`. */
  fault: (request: SeenRequest) => Fault | undefined;
}

/** A fault for the first `count` requests that `matches`. */
export function times(count: number, fault: Fault, matches: (request: SeenRequest) => boolean): FaultyProxy["fault"] {
  let left = count;
  return (request) => (matches(request) && left-- > 0 ? fault : undefined);
}

/** Stands before a real server and breaks, delays or damages what passes, as `fault` says. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", target);
    const asked = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
    };
    proxy.seen.push(asked);
    pass(incoming, outgoing, { target, fault: proxy.fault(asked) }).catch(() => incoming.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const proxy: FaultyProxy = {
    uri: `http://127.0.0.1:${address.port}`,
    seen: [],
    fault: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, fault }: { target: string; fault: Fault | undefined },
): Promise<void> {
  if (fault?.kind === "reset") return void incoming.socket.destroy();
  if (fault?.kind === "hang") return void incoming.resume();
  if (fault?.kind === "answer") {
    incoming.resume();
    await once(incoming, "end");
    return void outgoing.writeHead(fault.status, { connection: "close" }).end(fault.body);
  }
  if (fault?.kind === "delay") await sleep(fault.ms);
  // raw headers: the signature covers their names and values, Host among them
  const onward = request(new URL(incoming.url ?? "/", target), {
    method: incoming.method ?? "GET",
    headers: incoming.headers,
  });
  const answered = once(onward, "response") as Promise<[IncomingMessage]>;
  const sent = pipeline(incoming, fault?.kind === "flipRequest" ? flipped() : new PassThrough(), onward);
  const [answer] = await answered;
  void sent.catch(() => undefined); // a server may answer before it has read all
  if (fault?.kind === "forget") {
    for await (const _ of answer);
    return void incoming.socket.destroy();
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (fault?.kind === "truncate" || fault?.kind === "stall") {
    let left = fault.afterBytes;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      outgoing.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
    await sleep(50); // what was written is to arrive
    if (fault.kind === "truncate") incoming.socket.destroy();
    return;
  }
  await pipeline(answer, fault?.kind === "flipAnswer" ? flipped() : new PassThrough(), outgoing);
}

function flipped(): Transform {
  let isDone = false;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (isDone || chunk.length === 0) return done(null, chunk);
      isDone = true;
      const damaged = Buffer.from(chunk);
      damaged[0] = (damaged[0] ?? 0) ^ 1;
      return done(null, damaged);
    },
  });
}
