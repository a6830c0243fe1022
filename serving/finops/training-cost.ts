import { readFile } from "node:fs/promises";
import { BadInputError } from "#config/bad-input.ts";
import { Candidate } from "#training/candidate.ts";
import { type Machine, type Term, terms } from "./prices.ts";

/** What a training run took of a machine. */
export type Training = Pick<Candidate, "model" | "device" | "seconds" | "cpuSeconds">;

/** The run that `candidate.json` tells of. @throws BadInputError when the file is none. */
export async function readTraining(path: string): Promise<Training> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new BadInputError(`can't read the candidate: ${cause.message}`, { cause });
  });
  const parsed = Candidate.safeParse(JSON.parse(text));
  if (!parsed.success) throw new BadInputError(`${path} is no candidate.json`);
  return parsed.data;
}

/** What the run costs on a machine: the processors it used, or the whole machine for as long as it held its GPU. */
export function trainingCost({ device, seconds, cpuSeconds }: Training, machine: Machine): Record<Term, number> {
  const share = device.backend === "gpu" ? seconds / 3600 / machine.gpus : cpuSeconds / 3600 / machine.vcpus;
  return Object.fromEntries(terms.map((term) => [term, share * machine[term]])) as Record<Term, number>;
}
