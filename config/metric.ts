import { z } from "zod";

/** What a model is judged by: fractions (0.6 is 60 %), except `log_loss`, in nats, of which less is better. */
export const Metric = z.enum(["accuracy", "macro_f1", "log_loss"]);
export type Metric = z.infer<typeof Metric>;
