import { z } from "zod";
import { dataRoot } from "./data.ts";

/**
 * Colour images of 32 x 32 pixels in ten classes, in CIFAR-10's binary format: `path` is a folder of `data_batch_N.bin`,
 * `test_batch.bin` and `batches.meta.txt`. The test batch is the test role; validation is drawn from the others.
 * https://www.cs.toronto.edu/~kriz/cifar.html
 */
export const Cifar10Data = z.strictObject({
  root: dataRoot,
  path: z.string().min(1).default("cifar10"), // under the root
  format: z.literal("cifar10"),
  roles: z
    .strictObject({
      validation: z.number().positive().lt(1).default(0.1), // share of the training batches
      salt: z.string().default(""), // another salt draws other roles
    })
    .prefault({}),
  // where the archive comes from when a local folder lacks the files
  download: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).default("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .default("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    })
    .prefault({}),
});

/** How training images are changed at random, anew in each epoch; validation and test images never are. */
export const Augmentation = z.strictObject({
  flip: z.boolean().default(false), // left to right, every second image
  shift: z.int().nonnegative().default(0), // pixels at most, either way; the edge is filled with black
});

export type Cifar10Data = z.infer<typeof Cifar10Data>;
export type Augmentation = z.infer<typeof Augmentation>;
