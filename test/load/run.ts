import autocannon from "autocannon";
import { request } from "undici";
import { documentedExamples } from "#serving/try/examples.ts";

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
  readonly token?: string; // that the server wants
}

/** The examples that the server's own API document gives for `/predict`: a picture may be sent in several ways. */
async function examplesOf(url: string): Promise<string[]> {
  const { statusCode, body } = await request(`${url}/docs/json`).catch((cause) => {
    throw new Error(`can't reach ${url}: ${cause.message}; npm run serve starts a server`, { cause });
  });
  if (statusCode !== 200) throw new Error(`${url}/docs/json answered ${statusCode}: is a model served there?`);
  const examples = documentedExamples(await body.json());
  if (!examples) throw new Error(`${url} has no model that is ready: /docs/json gives no example`);
  return examples.map((example) => JSON.stringify(example));
}

/** Lets users send the examples in turn, over and over, each the next once the last was answered. */
export async function runLoad({ url, users, seconds, rate, token }: Load): Promise<Sample[]> {
  const samples: Sample[] = [];
  const examples = await examplesOf(url);
  const startMs = performance.now();
  const options: autocannon.Options = {
    url: `${url}/predict`,
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    requests: examples.map((body) => ({ body })),
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
