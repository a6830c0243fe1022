import { z } from "zod";

/** A folder, or s3://bucket[/prefix]. */
export const dataRoot = z.string().min(1).default("./data");

/** A named group of examples, chosen by one column's value; every class is a slice without being named. */
export const Slice = z
  .strictObject({
    column: z.string().min(1),
    equals: z.union([z.string(), z.number()]).optional(),
    below: z.number().optional(),
    from: z.number().optional(),
  })
  .refine((slice) => slice.equals !== undefined || slice.below !== undefined || slice.from !== undefined, {
    error: "needs one of equals, below, from",
  });

/** Shares of the examples that may not be trained on. The rest is `train`. */
export const Roles = z
  .strictObject({
    validation: z.number().positive().lt(1).default(0.2),
    test: z.number().positive().lt(1).default(0.2),
    salt: z.string().default(""), // another salt draws other roles
  })
  .refine((roles) => roles.validation + roles.test < 1, { error: "validation and test leave nothing to train on" });

/** What every CSV file's configuration has. */
export const csvData = {
  root: dataRoot,
  path: z.string().min(1), // under the root
  delimiter: z.string().length(1).default(","),
  classes: z.array(z.string().min(1)).min(2).optional(), // discovered, in sorted order, when absent
  id: z.string().min(1).optional(), // the column that names a row; its content does when absent
  roles: Roles.prefault({}),
  slices: z.record(z.string().min(1), Slice).default({}),
};

export type Roles = z.infer<typeof Roles>;
export type Slice = z.infer<typeof Slice>;
