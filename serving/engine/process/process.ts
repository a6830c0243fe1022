import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, openSync, unlinkSync, writevSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchAnswer } from "#serving/engine/batcher.ts";
import { UnavailableError } from "#serving/engine/engine.ts";
import type { BatchMessage, ProcessMessage, Task } from "./messages.ts";

export interface ModelProcessOptions {
  readonly task: Task;
  readonly executionTimeoutMs: number;
  readonly log: (message: string) => void;
  /** Called when the process has ended by itself, before it is started again. */
  readonly onAway: (reason: string) => void;
}

type Ready = Extract<ProcessMessage, { kind: "ready" }>;

const sharedMemory = "/dev/shm"; // of Linux
const longestPauseMs = 10_000;
const closingMs = 2_000;

/**
 * Starts the model's process and keeps it running: one that ends is started again, at once and then after pauses that
 * double, for as long as it does not stay. `start` rejects when the first one does not come up.
 */
export function createModelProcess({ task, executionTimeoutMs, log, onAway }: ModelProcessOptions) {
  const inputsFile = openNameless();
  let child: ChildProcess | undefined;
  let pending: PromiseWithResolvers<BatchAnswer> | undefined;
  let reason: string | undefined = "the model is being loaded";
  let isClosing = false;
  let failures = 0;
  let restarts = 0;
  let residentBytes = 0;

  const spawn = async (): Promise<Ready> => {
    const program = join(import.meta.dirname, "main.ts");
    const stdio = ["ignore", 2, 2, "ipc", inputsFile] as const; // the server's own output is its log
    const own = fork(program, [JSON.stringify(task)], { execArgv: [], stdio: [...stdio], serialization: "advanced" });
    child = own;
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
      if (isClosing) return;
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
    async compute(inputs: readonly Float32Array[]): Promise<BatchAnswer> {
      if (reason !== undefined) throw new UnavailableError(reason);
      const own = child;
      const answer = Promise.withResolvers<BatchAnswer>();
      pending = answer;
      const timer = setTimeout(() => {
        log(`a batch of ${inputs.length} took longer than ${executionTimeoutMs} ms: the model's process is ended`);
        own?.kill("SIGKILL");
      }, executionTimeoutMs);
      try {
        const width = writeInputs(inputsFile, inputs);
        own?.send({ rows: inputs.length, width } satisfies BatchMessage, () => undefined);
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        pending = undefined;
      }
    },
    async close(): Promise<void> {
      if (isClosing) return;
      isClosing = true;
      reason ??= "the server is being closed";
      const own = child;
      if (own && own.exitCode === null && own.signalCode === null) {
        const ended = once(own, "exit");
        if (own.connected) own.disconnect();
        const timer = setTimeout(() => own.kill("SIGKILL"), closingMs);
        await ended;
        clearTimeout(timer);
      }
      closeSync(inputsFile);
    },
  };
}

/**
 * A file that only who has it open can find, in memory where the system has a place for such. Inputs go through it: a
 * message or a socket would have them copied more often, and would hold the model up whenever they are more than its buffer.
 */
function openNameless(): number {
  const folder = existsSync(sharedMemory) ? sharedMemory : tmpdir();
  const path = join(folder, `slipway-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

/** Gives how many values each has. */
function writeInputs(file: number, inputs: readonly Float32Array[]): number {
  const bytes = inputs.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const size = bytes.reduce((sum, { length }) => sum + length, 0);
  const written = writevSync(file, bytes, 0);
  if (written !== size) throw new Error(`only ${written} of ${size} bytes could be handed to the model's process`);
  return inputs[0]?.length ?? 0;
}
