// Writes, downloads and streams one large object, and prints by how much the resident memory grew at most, in bytes.
import { buffer } from "node:stream/consumers";
import { s3Environment } from "#training/storage/env.ts";
import { openStorage } from "#training/storage/open.ts";

const [uri = "", folder = "", target = ""] = process.argv.slice(2);
const storage = openStorage(uri, ".", { ...s3Environment(), partBytes: 5 * 1024 * 1024 });
await storage.list(""); // loads the SDK
globalThis.gc?.();
const before = process.memoryUsage.rss();
let peak = before;
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 5);
await storage.upload(folder, "large");
await storage.download("large", target);
let streamed = 0;
for await (const chunk of storage.open("large/weights.bin")) streamed += chunk.length;
clearInterval(timer);
const small = await buffer(storage.open("large/small.json"));
process.stdout.write(JSON.stringify({ grownBytes: peak - before, streamed, small: small.toString() }));
