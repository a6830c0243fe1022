import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Lifecycle } from "#serving/lifecycle.ts";
import type { Served } from "#serving/load.ts";
import type { Prediction } from "#serving/prediction.ts";
import { type Explained, explain } from "#serving/problem.ts";
import { inferRoute } from "./infer.ts";
import { modelRoutes } from "./model-routes.ts";
import { serverRoutes } from "./server-routes.ts";

interface Options {
  readonly served: Served;
  readonly lifecycle: Lifecycle;
  readonly prediction: Prediction;
}

/** The Open Inference Protocol over HTTP, as KServe, Triton and MLServer speak it: https://github.com/kserve/open-inference-protocol */
export async function openInferenceRoutes(app: FastifyInstance, options: Options): Promise<void> {
  const { served, lifecycle, prediction } = options;
  const routes = (v2: FastifyInstance, _: object, done: () => void) => {
    answerErrors(v2);
    serverRoutes(v2, { lineage: served.lineage, lifecycle });
    for (const path of ["/models/:model", "/models/:model/versions/:version"]) {
      modelRoutes(v2, path, { served, lifecycle });
      if (served.kind === "model") inferRoute(v2, `${path}/infer`, { model: served, prediction });
    }
    done();
  };
  await app.register(routes, { prefix: "/v2" });
}

/** The protocol's own shape of an error. What others answer 422 is 400 here. */
function answerErrors(v2: FastifyInstance): void {
  const send = (reply: FastifyReply, { status, detail, retryAfterSeconds }: Explained) => {
    if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
    return reply.code(status === 422 ? 400 : status).send({ error: detail });
  };
  v2.setNotFoundHandler(() => undefined); // what is unknown below here, and refused before it comes here, is told in this shape
  v2.setErrorHandler<FastifyError>((error, request, reply) => {
    const explained = explain(error);
    if (explained.status === 500) request.log.error({ requestId: request.id, err: error }, "request failed");
    return send(reply, explained);
  });
}
