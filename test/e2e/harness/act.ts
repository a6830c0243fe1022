import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { z } from "zod";

const Line = z.looseObject({
  msg: z.string().default(""),
  level: z.string().default("info"),
  job: z.string().optional(),
  jobID: z.string().optional(),
  jobResult: z.string().optional(),
  matrix: z.record(z.string(), z.unknown()).optional(),
  command: z.string().optional(),
  content: z.string().optional(),
  arg: z.string().optional(),
  kvPairs: z.record(z.string(), z.string()).nullish(),
});

/** A job that ran; skipped ones are absent. */
export interface RanJob {
  /** Path of names, such as `iris/model/train`. */
  readonly name: string;
  readonly id: string;
  readonly result: string;
}

export interface Annotation {
  readonly job: string;
  readonly level: string;
  readonly message: string;
}

/** A run of a workflow and what it left on its page. */
export interface Run {
  readonly id: number;
  readonly workflow: string;
  readonly conclusion: "success" | "failure";
  readonly jobs: readonly RanJob[];
  readonly summaries: readonly { job: string; markdown: string }[];
  readonly annotations: readonly Annotation[];
  readonly log: string;
}

export interface ActOptions {
  readonly program: string;
  readonly event: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

/** Runs act to its end and reads what its log tells. */
export async function runAct({ program, event, args, env, cwd }: ActOptions) {
  const child = spawn(program, [event, "--json", ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const jobs: RanJob[] = [];
  const summaries: { job: string; markdown: string }[] = [];
  const annotations: Annotation[] = [];
  const log: string[] = [];
  const read = async (stream: NodeJS.ReadableStream) => {
    for await (const text of createInterface({ input: stream })) {
      const line = text.startsWith("{") ? Line.parse(JSON.parse(text)) : Line.parse({ msg: text });
      const job = line.job?.trim() ?? "";
      log.push(`${job ? `[${job}] ` : ""}${line.msg.trimEnd()}`);
      if (line.jobResult && line.jobID) jobs.push({ name: job, id: line.jobID, result: line.jobResult });
      if (line.command === "summary") summaries.push({ job, markdown: line.content ?? "" });
      if (line.command === "error" || line.command === "warning" || line.command === "notice") {
        annotations.push({ job, level: line.command, message: line.arg ?? "" });
      }
    }
  };
  const ended = once(child, "close");
  await Promise.all([read(child.stdout), read(child.stderr)]);
  const [code] = await ended;
  const conclusion = code === 0 ? ("success" as const) : ("failure" as const);
  return { conclusion, jobs, summaries, annotations, log: log.join("\n") };
}
