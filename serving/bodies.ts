import type { FastifyInstance } from "fastify";
import type { RequestFormat } from "./formats/format.ts";
import { flawOf } from "./json-body.ts";
import type { UsageMeter } from "./usage.ts";

/** Reads JSON, and the bytes that the model's format names; nothing else. The work on a request begins once its body is there. */
export function readBodies(app: FastifyInstance, meter: UsageMeter, format?: RequestFormat): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    if (request.account) meter.resume(request.account);
    const flaw = flawOf(body);
    if (flaw === undefined) void parse(request, body.toString(), done);
    else done(Object.assign(new Error(flaw), { statusCode: 400 }));
  });
  for (const [type, { bodyLimitBytes: bodyLimit }] of Object.entries(format?.binary ?? {})) {
    app.addContentTypeParser(type, { parseAs: "buffer", bodyLimit }, (request, body, done) => {
      if (request.account) meter.resume(request.account);
      done(null, body);
    });
  }
}
