import { z } from "zod";

const finite = z.number(); // zod's numbers are finite
const count = z.int().min(0).max(1e12);
const loss = z.number().min(0).max(1e6); // charts can't show more
const duration = z.number().min(0).max(1e9); // seconds
const fraction = z.number().min(0).max(1);
const name = z.string().max(1000); // compared, never shown
const mostClasses = 1000;
const mostSlices = 1000;
const mostEpochs = 100_000;

const Metrics = z.object({
  accuracy: fraction,
  log_loss: loss,
  macro_f1: fraction,
  calibration_error: fraction,
  perClass: z.array(z.object({ precision: fraction, recall: fraction, f1: fraction, support: count })).max(mostClasses),
  confusion: z.array(z.array(count).max(mostClasses)).max(mostClasses),
});

const Candidate = z.object({
  model: name,
  device: z.object({ backend: z.enum(["gpu", "cpu", "wasm", "js"]) }),
  data: z.object({
    rows: z.object({ train: count, validation: count, test: count }),
    classes: z.record(z.string(), count).refine((classes) => Object.keys(classes).length <= mostClasses, {
      error: "has too many classes",
    }),
    duplicates: count,
  }),
  curves: z
    .array(
      z.object({
        epoch: z.int().min(1).max(mostEpochs),
        loss,
        accuracy: fraction,
        validationLoss: loss,
        validationAccuracy: fraction,
        seconds: duration,
      }),
    )
    .max(mostEpochs),
  bestEpoch: z.int().min(1).max(mostEpochs),
  temperature: z.number().positive().max(1e6),
  validation: z.object({ loss, accuracy: fraction }),
  seconds: duration,
  cpuSeconds: duration,
});

const Evaluation = z
  .object({
    role: z.literal("validation"), // as of every pull request
    rows: z.int().min(1).max(1e12),
    classes: z.array(name).max(mostClasses),
    looks: count,
    candidate: z.object({ metrics: Metrics, cpuMs: z.number().min(0).max(1e9).optional() }),
    champion: z.object({ metrics: Metrics }).optional(),
    slices: z
      .array(z.object({ name, rows: count, candidate: fraction, champion: fraction.optional() }))
      .max(mostSlices),
  })
  .refine(
    ({ classes, candidate, champion }) =>
      [candidate, champion].every(
        (one) =>
          !one ||
          (one.metrics.perClass.length === classes.length &&
            one.metrics.confusion.length === classes.length &&
            one.metrics.confusion.every((row) => row.length === classes.length)),
      ),
    { error: "metrics are not of as many classes as there are" },
  );

const Verdict = z.object({
  rules: z
    .array(
      z.object({
        name,
        rows: count,
        difference: finite.optional(),
        lower: finite.optional(),
        upper: finite.optional(),
        pValue: fraction.optional(),
      }),
    )
    .max(mostSlices + 2),
  smallestVisibleDrop: z.number().min(0).optional(),
});

/** What is taken of report data that untrusted code has written: numbers, words of a fixed list, and names that are only compared with our own. */
export const UntrustedNumbers = z.object({
  candidate: Candidate,
  evaluation: Evaluation.optional(),
  verdict: Verdict.optional(),
});

export type UntrustedNumbers = z.infer<typeof UntrustedNumbers>;
