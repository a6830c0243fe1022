import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { BadInputError } from "#config/bad-input.ts";
import { LoggedRequest } from "#serving/request-log.ts";

/** Which of the logged requests count. */
export interface Window {
  readonly digest: string; // of the model: others' answers say nothing of this one
  readonly since?: Date;
  readonly until?: Date;
}

/**
 * The requests of a window, and how many lines were none: a server that is killed leaves half a line.
 * @throws BadInputError when the file can't be read.
 */
export async function readRequests(
  path: string,
  { digest, since, until }: Window,
): Promise<{ requests: LoggedRequest[]; damaged: number; others: number }> {
  const requests: LoggedRequest[] = [];
  let damaged = 0;
  let others = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const parsed = LoggedRequest.safeParse(parseLine(line));
      if (!parsed.success) damaged += 1;
      else {
        const time = new Date(parsed.data.time);
        const isWithin = (since === undefined || time >= since) && (until === undefined || time < until);
        if (isWithin && parsed.data.digest === digest) requests.push(parsed.data);
        else others += 1;
      }
    }
  } catch (cause) {
    throw new BadInputError(`can't read the request log: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return { requests, damaged, others };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
