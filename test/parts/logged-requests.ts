import { binsOf } from "#training/drift/bins.ts";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import type { Reference } from "#training/package/reference.ts";

interface Wanted {
  readonly reference: Reference;
  readonly classes: readonly string[];
  readonly digest: string;
}

/** Lines of a request log as the reference would have them, a minute apart up to now; drifted ones have every input at its greatest. */
export function loggedRequests(
  { reference, classes, digest }: Wanted,
  { count = 300, isDrifted = false, until = new Date() } = {},
): string {
  const columns = reference.inputs.map(({ histogram }) => binsOf(histogram).expected);
  const answers = shares(reference.predictions);
  const confidences = shares(reference.confidence.counts);
  const lines = Array.from({ length: count }, (_, row): LoggedRequest => {
    const place = (row + 0.5) / count;
    const bin = placeIn(confidences, place);
    const [low = 0, high = 1] = reference.confidence.edges.slice(bin, bin + 2);
    return {
      time: new Date(until.getTime() - (count - row) * 60_000).toISOString(),
      digest,
      inputs: columns.map((expected) => {
        const at = isDrifted ? expected.length - 1 : placeIn(expected, place);
        return expected.map((_, index) => (index === at ? 1 : 0));
      }),
      class: classes[placeIn(answers, place)] ?? "",
      confidence: (low + high) / 2,
    };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}

/** The bin in which a share of all is reached. */
function placeIn(expected: readonly number[], share: number): number {
  let reached = 0;
  return expected.findIndex((one) => {
    reached += one;
    return share < reached;
  });
}
