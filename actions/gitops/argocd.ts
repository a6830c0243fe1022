import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { z } from "zod";
import { Application, Deployment, ResourceTree } from "./argocd-answers.ts";
import { ArgocdError, ArgocdUnreachableError } from "./argocd-errors.ts";

/** Argo CD's API (https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/), as far as looking goes. */
export type Argocd = ReturnType<typeof createArgocd>;

export interface ArgocdOptions {
  url: string; // of its server
  token: string; // of an account that may get applications
  timeoutMs?: number; // for one answer
  tries?: number; // where it gives no answer, or a server's error
}

const firstDelayMs = 500;

/**
 * A client that only reads. Every call is sent again where the server gives no answer or an error of its own. Throws
 * `ArgocdError` for a refusal and `ArgocdUnreachableError` when no answer came.
 */
export function createArgocd({ url, token, timeoutMs = 20_000, tries = 4 }: ArgocdOptions) {
  const root = url.replace(/\/+$/, "");
  const agent = new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connect: { timeout: timeoutMs } });

  async function once(path: string): Promise<unknown> {
    const attempt = `GET ${root}${path}`;
    const headers = { accept: "application/json", authorization: `Bearer ${token}` };
    const answer = await request(`${root}${path}`, { headers, dispatcher: agent }).catch((cause: unknown) => {
      throw new ArgocdUnreachableError(attempt, { cause });
    });
    const text = await answer.body.text();
    const value = answer.statusCode === 200 ? jsonOf(text) : undefined;
    if (value === undefined) throw new ArgocdError(attempt, answer.statusCode, text);
    return value;
  }

  async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    for (let left = tries - 1; ; left--) {
      try {
        const parsed = schema.safeParse(await once(path));
        if (parsed.success) return parsed.data;
        throw new Error(`${root}${path}: not an answer of Argo CD:\n${z.prettifyError(parsed.error)}`);
      } catch (error) {
        const mayPass =
          error instanceof ArgocdUnreachableError || (error instanceof ArgocdError && error.status >= 500);
        if (!mayPass || left === 0) throw error;
        await sleep(firstDelayMs * 2 ** (tries - 1 - left) * (0.5 + Math.random()));
      }
    }
  }

  const pathOf = (name: string) => `/api/v1/applications/${encodeURIComponent(name)}`;
  return {
    url: root,

    /** An Application as Argo CD last saw it; with `refresh` it looks at git and the cluster first. */
    application: (name: string, { refresh = false } = {}) =>
      get(`${pathOf(name)}${refresh ? "?refresh=normal" : ""}`, Application),

    /** All that an Application's resources have made, pods among them. */
    resourceTree: (name: string) => get(`${pathOf(name)}/resource-tree`, ResourceTree),

    /** A Deployment of an Application as it is in the cluster now; `undefined` when there is none. */
    async deployment(application: string, of: { namespace: string; name: string }) {
      const query = new URLSearchParams({
        ...{ namespace: of.namespace, resourceName: of.name },
        ...{ group: "apps", version: "v1", kind: "Deployment" },
      });
      try {
        const Live = z.object({ manifest: z.string() });
        const { manifest } = await get(`${pathOf(application)}/resource?${query}`, Live);
        return Deployment.parse(JSON.parse(manifest));
      } catch (error) {
        if (error instanceof ArgocdError && error.isAbsence) return undefined;
        throw error;
      }
    },

    /** Ends every connection. */
    close: () => agent.destroy(),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
