import { z } from "zod";

const Health = z.object({ status: z.string().optional(), message: z.string().optional() });

/** The parts of an Application that tell what Argo CD did with it. */
export const Application = z.object({
  spec: z.object({ destination: z.object({ namespace: z.string().default("") }) }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().default("") }).optional(),
      health: Health.optional(),
      operationState: z
        .object({
          phase: z.string(), // Running, Succeeded, Failed, Error, Terminating
          message: z.string().optional(),
          finishedAt: z.string().optional(),
          syncResult: z
            .object({
              revision: z.string().default(""),
              resources: z
                .array(
                  z.object({
                    kind: z.string(),
                    name: z.string(),
                    status: z.string().optional(),
                    message: z.string().optional(),
                  }),
                )
                .nullish(),
            })
            .optional(),
        })
        .optional(),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).nullish(),
    })
    .prefault({}),
});
export type Application = z.infer<typeof Application>;

/** What an Application consists of in the cluster. */
export const ResourceTree = z.object({
  nodes: z
    .array(
      z.object({
        kind: z.string(),
        name: z.string(),
        createdAt: z.string().optional(),
        health: Health.optional(),
        images: z.array(z.string()).nullish(),
      }),
    )
    .nullish()
    .transform((nodes) => nodes ?? []),
});
export type ResourceTree = z.infer<typeof ResourceTree>;

const count = z.int().nonnegative().default(0); // Kubernetes leaves zeros out

/** A Deployment: what it shall be and how far it is. */
export const Deployment = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({
    replicas: z.int().default(1),
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string() })) }),
    }),
  }),
  status: z
    .object({
      observedGeneration: z.int().default(0),
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .default([]),
    })
    .prefault({}),
});
export type Deployment = z.infer<typeof Deployment>;
