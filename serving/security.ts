import { createHash, timingSafeEqual } from "node:crypto";
import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** Who may ask. */
export interface Access {
  readonly token?: string; // wanted of those who ask the model or about it; absent: everybody may
  readonly corsOrigins: readonly string[]; // web pages that may ask; none by default
}

const documents = "/docs";
const guarded = ["/predict", "/version", "/v2"];
const open = ["/v2/health/live", "/v2/health/ready"];

/** Answers tell browsers to guess, frame and keep nothing, and the token is looked for before anything else is done. */
export async function secure(app: FastifyInstance, { token, corsOrigins }: Access): Promise<void> {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-content-type-options", "nosniff").header("referrer-policy", "no-referrer");
    if (!isUnder(request.url, documents)) {
      reply
        .header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
        .header("cache-control", "no-store");
    }
    done();
  });
  if (corsOrigins.length > 0) {
    const exposedHeaders = ["x-latency-ms", "x-memory-change-mb", "x-cpu-ms", "retry-after"];
    await app.register(cors, { origin: [...corsOrigins], methods: ["GET", "POST"], exposedHeaders, maxAge: 600 });
  }
  if (token === undefined) return;
  const wanted = digestOf(`Bearer ${token}`);
  app.addHook("onRequest", (request, reply, done) => {
    const route = request.routeOptions.url ?? request.url;
    const isGuarded = guarded.some((path) => isUnder(route, path)) && !open.includes(route);
    if (!isGuarded || timingSafeEqual(digestOf(request.headers.authorization ?? ""), wanted)) return done();
    reply.header("www-authenticate", "Bearer");
    const message = "send the header Authorization: Bearer TOKEN, with the right token";
    done(Object.assign(new Error(message), { statusCode: 401 }));
  });
}

function isUnder(url: string, path: string): boolean {
  return url === path || url.startsWith(`${path}/`) || url.startsWith(`${path}?`);
}

/** Of equal length, whatever is compared. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
