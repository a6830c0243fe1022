import type { FastifyRequest, RouteShorthandOptions } from "fastify";
import { type Asker, UnavailableError } from "./engine/engine.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Model } from "./load.ts";
import type { Metrics } from "./metrics.ts";
import type { Monitor } from "./monitor.ts";
import type { UsageMeter } from "./usage.ts";

/** What the routes that predict have in common. */
export type Prediction = ReturnType<typeof createPrediction>;

/** The model's answer to one input. */
export interface Answer {
  readonly probabilities: Float32Array;
  readonly best: number; // index of the likeliest class
}

/** How a request wants to be queued. */
export type Wish = Pick<Asker, "priority" | "timeoutMs">;

interface Question {
  readonly request: FastifyRequest;
  readonly wish?: Wish;
}

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
    onRequest(request, _, done) {
      request.account = meter.open();
      metrics.begin();
      const reason = lifecycle.unavailable();
      done(reason === undefined ? undefined : new UnavailableError(reason));
    },
  } satisfies RouteShorthandOptions;

  const answerOf = (model: Model, input: Float32Array, probabilities: Float32Array): Answer => {
    const answer = { probabilities, best: indexOfGreatest(probabilities) };
    if (monitor || record) {
      const measured = model.format.measure?.(input) ?? input;
      monitor?.observe(measured, probabilities, answer.best);
      record?.(measured, answer);
    }
    return answer;
  };

  return {
    hooks,
    /**
     * The answer, at once where the model computes on this thread.
     * @throws UnavailableError when the model can't be asked now.
     */
    ask(model: Model, input: Float32Array, { request, wish }: Question): Answer | Promise<Answer> {
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
      if (!(asked instanceof Promise)) return answerOf(model, input, asked);
      if (account) meter.pause(account);
      return asked.then((probabilities) => {
        if (account) meter.resume(account);
        return answerOf(model, input, probabilities);
      });
    },
  };
}

function indexOfGreatest(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? 0) > (values[best] ?? 0)) best = at;
  return best;
}

/** For the OpenAPI document: what is told of each prediction. */
export const usageHeaders = {
  "x-latency-ms": { type: "string", description: "Milliseconds from the request's headers to its answer" },
  "x-memory-change-mb": {
    type: "string",
    description:
      "Change of the process's resident memory meanwhile, to within a millisecond, in units of 2^20 bytes, whichever request caused it",
  },
  "x-cpu-ms": {
    type: "string",
    description:
      "CPU milliseconds of the server since the answer before, if that is less than a millisecond ago, or since the body was there; and its share of a batch in the model's process",
  },
};
