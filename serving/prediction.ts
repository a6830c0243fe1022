import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from "fastify";
import { type Asker, UnavailableError } from "./engine/engine.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Model } from "./load.ts";
import type { Metrics } from "./metrics.ts";
import type { Monitor } from "./monitor.ts";
import type { Usage, UsageMeter } from "./usage.ts";

/** What the routes that predict have in common. */
export type Prediction = ReturnType<typeof createPrediction>;

/** The model's answer to one input. */
export interface Answer {
  readonly probabilities: Float32Array;
  readonly best: number; // index of the likeliest class
}

/** How a request wants to be queued. */
export type Wish = Pick<Asker, "priority" | "timeoutMs">;

interface Options {
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly meter: UsageMeter;
  readonly monitor: Monitor | undefined;
  /** Told of every prediction, by what of its input is counted. */
  readonly record?: (measured: Float32Array, answer: Answer) => void;
}

/** Asks the model, keeps each request's account, and counts inputs and answers. */
export function createPrediction({ lifecycle, metrics, meter, monitor, record }: Options) {
  const hooks = {
    onRequest(request, reply, done) {
      request.account = meter.open();
      metrics.begin();
      reply.raw.once("close", metrics.end);
      const reason = lifecycle.unavailable();
      done(reason === undefined ? undefined : new UnavailableError(reason));
    },
    async onSend(request, reply) {
      if (!request.account) return;
      request.usage = meter.close(request.account);
      metrics.usage(request.usage);
      tellUsage(reply, request.usage);
    },
  } satisfies RouteShorthandOptions;

  return {
    hooks,
    /** @throws UnavailableError when the model can't be asked now. */
    async ask(model: Model, input: Float32Array, { request, wish = {} }: { request: FastifyRequest; wish?: Wish }) {
      const { account } = request;
      const asker: Asker = {
        ...wish,
        isGone: () => request.raw.socket.destroyed,
        charge: (cpuMs) => {
          metrics.charge(cpuMs);
          if (account) account.cpuMs += cpuMs;
        },
      };
      const asked = model.engine.predict(input, asker);
      let probabilities = asked as Float32Array;
      if (asked instanceof Promise) {
        if (account) meter.pause(account);
        probabilities = await asked;
        if (account) meter.resume(account);
      }
      const best = indexOfGreatest(probabilities);
      const answer: Answer = { probabilities, best };
      if (monitor || record) {
        const measured = model.format.measure?.(input) ?? input;
        monitor?.observe(measured, probabilities, best);
        record?.(measured, answer);
      }
      return answer;
    },
  };
}

function indexOfGreatest(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? 0) > (values[best] ?? 0)) best = at;
  return best;
}

function tellUsage(reply: FastifyReply, usage: Usage): void {
  reply.header("x-latency-ms", usage.latencyMs.toFixed(3));
  reply.header("x-memory-change-mb", (usage.memoryBytes / 2 ** 20).toFixed(3));
  reply.header("x-cpu-ms", usage.cpuMs.toFixed(3));
}

/** For the OpenAPI document: what `hooks` add to an answer. */
export const usageHeaders = {
  "x-latency-ms": { type: "string", description: "Milliseconds from the request's headers to its answer" },
  "x-memory-change-mb": {
    type: "string",
    description:
      "Change of the process's resident memory meanwhile, in units of 2^20 bytes, whichever request caused it",
  },
  "x-cpu-ms": {
    type: "string",
    description:
      "CPU milliseconds spent on this request once its body was there, and, as its share of a batch, in the model's process",
  },
};
