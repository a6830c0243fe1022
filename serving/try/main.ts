// Starts the server on the model package of this container (MODEL_DIR) and asks it all that its own documentation gives as
// examples: the last step of building an image, so that one that can't answer is never pushed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { documentedExamples } from "./examples.ts";

const patienceMs = 120_000;
const Answer = z.object({
  class: z.string(),
  probabilities: z.record(z.string(), z.number().min(0).max(1)),
  model: z.object({ digest: z.literal(process.env["MODEL_DIGEST"] ?? "") }),
});

const server = spawn(process.execPath, [join(import.meta.dirname, "..", "server.ts")], {
  env: { ...process.env, HOST: "127.0.0.1", PORT: "0", DRAIN_DELAY_MS: "0", LOG_LEVEL: "info" },
  stdio: ["ignore", "pipe", "inherit"],
});
const timer = setTimeout(() => server.kill("SIGKILL"), patienceMs);
try {
  const docs = await documentation();
  await json(docs.replace(/docs$/, "health/ready")); // the model is loaded before the server listens
  const examples = documentedExamples(await json(`${docs}/json`));
  if (!examples) throw new Error("its documentation gives no example");
  for (const example of examples) {
    const answer = Answer.parse(await json(docs.replace(/docs$/, "predict"), example));
    const sum = Object.values(answer.probabilities).reduce((total, each) => total + each, 0);
    if (Math.abs(sum - 1) > 1e-3) throw new Error(`the probabilities of ${JSON.stringify(answer)} add up to ${sum}`);
    console.log(`${answer.class} ${answer.probabilities[answer.class]}`);
  }
  server.kill("SIGTERM");
  const [code] = (await once(server, "close")) as [number | null];
  if (code !== 0) throw new Error(`after SIGTERM the server ended with ${code}`);
} catch (error) {
  console.error(`the image does not answer its own example: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
  server.kill("SIGKILL");
}

/** Where the server's documentation is, once it listens; its log passes through. */
async function documentation(): Promise<string> {
  const found = Promise.withResolvers<string>();
  createInterface({ input: server.stdout }).on("line", (line) => {
    console.log(line);
    const { docs } = JSON.parse(line) as { docs?: string };
    if (docs) found.resolve(docs);
  });
  server.on("close", (code, signal) => found.reject(new Error(`the server ended with ${signal ?? code}`)));
  return await found.promise;
}

async function json(url: string, body?: unknown): Promise<unknown> {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, { ...options, headers: { "content-type": "application/json" } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
