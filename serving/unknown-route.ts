import type { FastifyInstance } from "fastify";

/**
 * Refuses what none of the routes that are added from here on takes, before its body is read: 405 with the methods that
 * its path has, or 404.
 */
export function refuseUnknown(app: FastifyInstance): void {
  const known: { pattern: URLPattern; methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    if (url === "*") return; // what answers preflights, whatever they are about
    const pathname = `${url.replace(/\/$/, "")}{/}?`; // a prefix is a route with and without its slash
    known.push({ pattern: new URLPattern({ pathname }), methods: [method].flat() });
  });
  app.addHook("onRequest", ({ is404, method, url }, reply, done) => {
    if (!is404) return done();
    const pathname = url.split("?", 1)[0] ?? "";
    const found = known.filter(({ pattern }) => pattern.test({ pathname })).flatMap(({ methods }) => methods);
    const methods = [...new Set(found)].sort();
    if (methods.length === 0 || methods.includes(method))
      return done(refusal(404, `nothing answers ${method} ${url.slice(0, 200)}: /docs lists what there is`));
    reply.header("allow", methods.join(", "));
    done(refusal(405, `${method} is not answered here, only ${methods.join(" and ")}`));
  });
}

function refusal(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode });
}
