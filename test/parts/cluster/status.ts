import { z } from "zod";
import { getJson } from "./kubectl.ts";

const Application = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  status: z
    .looseObject({
      sync: z.looseObject({ status: z.string(), revision: z.string().optional() }).optional(),
      health: z.looseObject({ status: z.string().optional(), message: z.string().optional() }).optional(),
      conditions: z.array(z.looseObject({ type: z.string(), message: z.string() })).default([]),
    })
    .prefault({}),
});
export type Application = z.infer<typeof Application>;

/** What Argo CD has written down of its Applications. */
export async function readApplications(): Promise<Application[]> {
  const { items } = z
    .looseObject({ items: z.array(Application) })
    .parse(await getJson("applications.argoproj.io", "--namespace=argocd"));
  return items;
}

/** A line an Application, and whether all are as git says and healthy; nothing at all is not. */
export function statusOf(applications: readonly Application[]): { lines: string[]; good: boolean } {
  const width = Math.max(0, ...applications.map(({ metadata }) => metadata.name.length));
  const lines = applications.map(({ metadata, status }) => {
    const revision = status.sync?.revision?.slice(0, 12) ?? "no revision";
    const words = [status.sync?.status ?? "Unknown", status.health?.status ?? "Unknown", revision];
    const remarks = [status.health?.message, ...status.conditions.map(({ message }) => message)].filter(Boolean);
    return `${metadata.name.padEnd(width)}  ${words.join("  ")}${remarks.length > 0 ? `  ${remarks.join("; ")}` : ""}`;
  });
  const good = applications.every(
    ({ status }) => status.sync?.status === "Synced" && status.health?.status === "Healthy",
  );
  return { lines, good: good && applications.length > 0 };
}
