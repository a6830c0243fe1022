import { createServer } from "node:net";

const portsToTry = 20;

/** The first port from `wanted` on that can be listened on at 127.0.0.1. */
export async function firstFreePort(wanted: number): Promise<number | undefined> {
  for (let port = wanted; port < Math.min(wanted + portsToTry, 65_536); port++) if (await isFree(port)) return port;
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((tell) => {
    const server = createServer();
    server.once("error", () => tell(false));
    server.listen(port, "127.0.0.1", () => server.close(() => tell(true)));
  });
}
