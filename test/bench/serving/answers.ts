import { request } from "undici";
import { z } from "zod";
import type { Asked } from "./load.ts";

const Answer = z.object({ class: z.string(), probabilities: z.record(z.string(), z.number()) });
type Answer = z.infer<typeof Answer>;

const closest = 1e-4; // single precision, summed in another order

/** What a server answers to each of the bodies. */
export async function answersOf(url: string, { path, type, bodies }: Asked): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const body of bodies) {
    const response = await request(`${url}${path}`, { method: "POST", headers: { "content-type": type }, body });
    answers.push(Answer.parse(await response.body.json()));
  }
  return answers;
}

/** @throws Error when a probability is another than expected. */
export function assertSame(answers: readonly Answer[], expected: readonly Answer[]): void {
  for (const [at, { probabilities }] of expected.entries()) {
    for (const [name, value] of Object.entries(probabilities)) {
      const given = answers[at]?.probabilities[name] ?? Number.NaN;
      if (Math.abs(given - value) < closest) continue;
      throw new Error(`input ${at}: ${name} has the probability ${given}, where ours gives ${value}`);
    }
  }
}
