import { readFile } from "node:fs/promises";
import { BadInputError } from "#config/bad-input.ts";
import { Candidate } from "#training/candidate.ts";

/** The run that `candidate.json` tells of. @throws BadInputError when the file is none. */
export async function readTraining(path: string): Promise<Candidate> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new BadInputError(`can't read the candidate: ${cause.message}`, { cause });
  });
  const parsed = Candidate.safeParse(JSON.parse(text));
  if (!parsed.success) throw new BadInputError(`${path} is no candidate.json`);
  return parsed.data;
}
