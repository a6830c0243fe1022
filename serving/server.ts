import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { ExitCode, exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { Serving } from "#config/serving.ts";
import { buildApp } from "./app.ts";
import { watchGpus } from "./gpu-memory.ts";
import { createLifecycle } from "./lifecycle.ts";
import { loadModel } from "./load.ts";
import { gatherLines } from "./log-lines.ts";
import { promotedPackage } from "./release.ts";
import { openRequestLog } from "./request-log.ts";
import { readSettings, type Settings, usage } from "./settings.ts";

const codeRoot = resolve(import.meta.dirname, "..");

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings.help) process.stdout.write(usage);
  else await serve(settings);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitCodeOf(error);
}

async function serve({ wanted, serving, access, requestLog, drainDelayMs, logLevel }: Settings): Promise<void> {
  const { source, config } = await resolveWanted(wanted);
  const { host, port, bodyLimitBytes, requestTimeoutMs, ...knobs } = Serving.parse({ ...config, ...serving });
  const limits = { bodyLimitBytes, requestTimeoutMs };
  const destination = gatherLines(pino.destination({ fd: 1, sync: false }));
  process.on("exit", () => destination.flushSync());
  const logger = pino({ level: logLevel, base: null }, destination);

  const heedGrace = heedSignals();
  logger.info({ name: source.lineage.name }, "loading the model");
  const served = await loadModel(source, { knobs, log: (message) => logger.info(message) });
  if (served.kind === "broken") logger.error({ err: served.cause }, `not ready: ${served.reason}`);
  const lifecycle = createLifecycle(served);
  const notLogged = (err: Error) => logger.error({ err }, "a request was not logged");
  const requests = requestLog && openRequestLog(requestLog, served.lineage.name, notLogged);
  const gpus = await watchGpus();
  const app = await buildApp({
    ...{ served, lifecycle, limits, access, log: { logger, destination } },
    ...(requests && { requestLog: requests }),
    ...(gpus && { gpus }),
  });

  const grace = { delay: drainDelayMs + requestTimeoutMs + 5000, skip: ["beforeExit" as const] };
  closeWithGrace(grace, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, "stopping after an error");
    else logger.info({ signal }, "stopping");
    lifecycle.drain();
    if (signal === "SIGTERM") await sleep(drainDelayMs); // at a terminal nobody balances any load
    await app.close();
    logger.info("stopped");
    destination.flushSync();
  });
  heedGrace();
  const address = await app.listen({ host, port }).catch(async (cause) => {
    await app.close(); // the model's process would keep this one
    throw new Error(`can't listen: ${cause.message}; --port 0 takes any free port`, { cause });
  });
  const { name, version, digest } = served.lineage;
  logger.info({ name, version, digest, docs: `${address}/docs` }, "listening");
}

/**
 * Ends the program at a signal until there is a server to close, which the function that is returned says: as the first
 * process of a container, Node would not heed one while the model is loaded.
 */
function heedSignals(): () => void {
  const onInterrupt = () => process.exit(ExitCode.interrupted);
  const onTermination = () => process.exit(ExitCode.preempted);
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTermination);
  return () => void process.off("SIGINT", onInterrupt).off("SIGTERM", onTermination);
}

async function resolveWanted(wanted: Settings["wanted"]) {
  if (wanted.kind === "package") return { source: wanted.source, config: {} };
  const { env, model } = wanted;
  const root = resolve(wanted.root ?? codeRoot);
  const config = await loadConfig({ root, env, model, variables: process.env });
  return { source: await promotedPackage(root, config), config: config.serving };
}
