import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchAnswer } from "#serving/engine/batcher.ts";
import { UnavailableError } from "#serving/engine/engine.ts";
import { type BatchMessage, inputsDescriptor, type ProcessMessage, type Task } from "./messages.ts";

export interface ModelProcessOptions {
  readonly task: Task;
  readonly executionTimeoutMs: number;
  readonly log: (message: string) => void;
  /** Called when the process has ended by itself, before it is started again. */
  readonly onAway: (reason: string) => void;
}

type Ready = Extract<ProcessMessage, { kind: "ready" }>;

const longestPauseMs = 10_000;
const closingMs = 2_000;

/**
 * Starts the model's process and keeps it running: one that ends is started again, at once and then after pauses that
 * double, for as long as it does not stay. `start` rejects when the first one does not come up.
 */
export function createModelProcess({ task, executionTimeoutMs, log, onAway }: ModelProcessOptions) {
  let child: ChildProcess | undefined;
  let pending: PromiseWithResolvers<BatchAnswer> | undefined;
  let reason: string | undefined = "the model is being loaded";
  let isClosing = false;
  let failures = 0;
  let restarts = 0;
  let residentBytes = 0;

  const spawn = async (): Promise<Ready> => {
    const program = join(import.meta.dirname, "main.ts");
    const stdio = ["ignore", 2, 2, "ipc", "pipe"] as const; // the server's own output is its log
    const own = fork(program, [JSON.stringify(task)], { execArgv: [], stdio: [...stdio], serialization: "advanced" });
    child = own;
    inputsOf(own).on("error", () => undefined); // what can't be written ends with the process
    const ready = Promise.withResolvers<Ready>();
    own.on("error", ready.reject); // it could not be started
    own.on("message", (message: ProcessMessage) => {
      if (message.kind === "ready") ready.resolve(message);
      else if (message.kind === "failed") ready.reject(new Error(message.reason));
      else {
        ({ residentBytes } = message);
        failures = 0;
        if (message.fault !== undefined) log(`the model could not compute an input: ${message.fault}`);
        pending?.resolve(message);
      }
    });
    own.once("exit", (code, signal) => {
      const how = signal ? `by ${signal}` : `with ${code}`;
      ready.reject(new Error(`the model's process ended ${how} before it was ready`));
      if (child === own && reason === undefined && !isClosing) void restart(`the model's process ended ${how}`);
    });
    const message = await ready.promise;
    reason = undefined;
    return message;
  };

  const restart = async (why: string): Promise<void> => {
    reason = `${why}: it is being started again`;
    residentBytes = 0;
    log(reason);
    pending?.reject(new UnavailableError(reason));
    onAway(reason);
    while (!isClosing) {
      if (failures > 0) await sleep(Math.min(longestPauseMs, 50 * 2 ** failures), undefined, { ref: false });
      failures += 1;
      restarts += 1;
      try {
        await spawn();
        return log("the model's process is back");
      } catch (error) {
        reason = `the model's process does not start: ${error instanceof Error ? error.message : error}`;
        log(reason);
      }
    }
  };

  return {
    start: spawn,
    unavailable: () => reason,
    restarts: () => restarts,
    residentBytes: () => residentBytes,
    pid: () => child?.pid,
    /** @throws UnavailableError when the process ends meanwhile, also because it took longer than it may. */
    async compute(inputs: readonly Float32Array[], width: number): Promise<BatchAnswer> {
      if (reason !== undefined) throw new UnavailableError(reason);
      const own = child;
      const answer = Promise.withResolvers<BatchAnswer>();
      pending = answer;
      const timer = setTimeout(() => {
        log(`a batch of ${inputs.length} took longer than ${executionTimeoutMs} ms: the model's process is ended`);
        own?.kill("SIGKILL");
      }, executionTimeoutMs);
      try {
        if (own) send(own, inputs, width);
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        pending = undefined;
      }
    },
    async close(): Promise<void> {
      isClosing = true;
      const own = child;
      if (!own || own.exitCode !== null || own.signalCode !== null) return;
      const ended = once(own, "exit");
      if (own.connected) own.disconnect();
      const timer = setTimeout(() => own.kill("SIGKILL"), closingMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Inputs go their own way, as they are: as part of the message they would be copied four times more. */
function send(child: ChildProcess, inputs: readonly Float32Array[], width: number): void {
  child.send({ rows: inputs.length, width } satisfies BatchMessage, () => undefined);
  const stream = inputsOf(child);
  stream.cork();
  for (const input of inputs) stream.write(Buffer.from(input.buffer, input.byteOffset, 4 * width));
  stream.uncork();
}

function inputsOf(child: ChildProcess): Socket {
  return child.stdio[inputsDescriptor] as Socket;
}
