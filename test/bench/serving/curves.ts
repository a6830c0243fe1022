import { join } from "node:path";
import type { Point } from "./curves-picture.ts";
import { measureLoad } from "./load.ts";
import { type Peer, startPeer } from "./start.ts";
import { type Contestant, prepare } from "./tasks.ts";

const connectionCounts = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const batchSizes = [1, 2, 4, 8, 16, 32, 64];
const connections = 50; // where batch sizes are compared
const warmSeconds = { connections: 1, "batch size": 3 }; // there each has a server of its own, which is new

/** The CNN's speed against connections and against the most pictures of a batch: ours, and FastAPI's. */
export async function measureCurves(folder: string, seconds: number): Promise<Point[]> {
  const contestants = await prepare.cnn(folder);
  const { ours, "FastAPI + Keras, batched": fastApi } = contestants;
  if (!ours || !fastApi) throw new Error("a server to compare is not among those of the CNN");
  const own = join(folder, "cnn");
  const servers = [
    {
      ...{ server: "Slipway", asked: ours.asked, start: ours.start },
      startWith: (most: number) => startPeer("ours.ts", { asked: ours.asked, after: [own, String(most)] }),
    },
    {
      ...{ server: "FastAPI + Keras, batched", asked: fastApi.asked, start: fastApi.start },
      startWith(most: number) {
        const after = [join(own, "data/model.h5"), String(most)];
        return startPeer("cnn.py", { asked: fastApi.asked, before: ["batched"], after });
      },
    },
  ] satisfies (Contestant & { server: Point["server"]; startWith(most: number): Promise<Peer> })[];
  const points: Point[] = [];
  for (const { server, asked, start, startWith } of servers) {
    const measure = async (peer: Peer, { axis, at }: Pick<Point, "axis" | "at">) => {
      const load = { connections: axis === "connections" ? at : connections, seconds, warmSeconds: warmSeconds[axis] };
      const { perSecond, p99, failed } = await measureLoad(peer, { ...asked, ...load });
      points.push({ server, axis, at, perSecond, p99, failed });
      console.log(`${server}, ${axis} ${at}: ${perSecond.toFixed(0)}/s  p99 ${p99.toFixed(1)} ms  ${failed} failed`);
    };
    await using running = await start();
    await measureLoad(running, { ...asked, connections, seconds: 1 });
    for (const at of connectionCounts) await measure(running, { axis: "connections", at });
    for (const at of batchSizes) {
      await using limited = await startWith(at);
      await measure(limited, { axis: "batch size", at });
    }
  }
  return points;
}
