import autocannon from "autocannon";
import { request } from "undici";

/** One answer, or the lack of one. */
export interface Sample {
  readonly atMs: number; // since the start
  readonly latencyMs: number;
  readonly status: number; // 0: the connection broke or nothing came in time
}

export interface Load {
  readonly url: string; // of the server
  readonly users: number;
  readonly seconds: number;
  readonly rate?: number; // requests a second, of all users together; as fast as they get answers when absent
}

/** The example that the server's own API document gives for `/predict`. */
export async function exampleOf(url: string): Promise<string> {
  const { statusCode, body } = await request(`${url}/docs/json`);
  if (statusCode !== 200) throw new Error(`${url}/docs/json answered ${statusCode}: is a model served there?`);
  const document = (await body.json()) as { paths?: Record<string, unknown> };
  const route = document.paths?.["/predict"] as
    | { post: { requestBody?: { content: Record<string, { example?: unknown }> } } }
    | undefined;
  const example = route?.post.requestBody?.content["application/json"]?.example;
  if (example === undefined) throw new Error(`${url} has no model that is ready: /docs/json gives no example`);
  return JSON.stringify(example);
}

/** Lets users send the example over and over, each the next once the last was answered. */
export async function runLoad({ url, users, seconds, rate }: Load): Promise<Sample[]> {
  const samples: Sample[] = [];
  const body = await exampleOf(url);
  const startMs = performance.now();
  const options: autocannon.Options = {
    url: `${url}/predict`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    connections: users,
    duration: seconds,
    timeout: 10,
    ...(rate === undefined ? {} : { overallRate: rate }),
  };
  await new Promise<void>((resolve, reject) => {
    const instance = autocannon(options, (error) => (error ? reject(error) : resolve()));
    instance.on("response", (_client, status, _bytes, latencyMs) => {
      samples.push({ atMs: performance.now() - startMs, latencyMs, status });
    });
    instance.on("reqError", () => {
      samples.push({ atMs: performance.now() - startMs, latencyMs: Number.NaN, status: 0 });
    });
  });
  return samples;
}
