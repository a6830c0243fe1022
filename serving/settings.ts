import { parseArgs } from "node:util";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { type Serving, SettingsText } from "#config/serving.ts";
import { Digest } from "#training/candidate.ts";
import type { Source } from "./load.ts";
import type { RequestLogOptions } from "./request-log.ts";
import type { Access } from "./security.ts";

const unregistered = "unregistered";

/** What `--help` prints. */
export const usage = `Serve a model over HTTP: predictions, API documentation, health and metrics.

  npm run serve -- --model iris            the release last promoted on this machine
  npm run serve -- --package FOLDER        a model package, released or not

  --model NAME      which model (iris)
  --env ENV         of which environment's release (dev)
  --root FOLDER     repository of the models, which holds config/ and outputs/ (this one)
  --package FOLDER  a model package instead of a release
  --host HOST       address to listen on (the model's serving.host; 127.0.0.1)
  --port PORT       port to listen on, 0 for any free one (the model's serving.port; 8000)
  --help            this text

In a container the environment says what to serve: MODEL_DIR (folder of the package) and MODEL_DIGEST (which it must
have), HOST (0.0.0.0) and PORT (8000); /version shows MODEL_NAME, MODEL_VERSION, MODEL_CONTENT_HASH, MODEL_GIT_SHA and
MODEL_RUN_ID. Everywhere: SERVING, in place of what the model's configuration has under serving:, such as
{maxBatchSize: 8}, which an image has from that configuration; BODY_LIMIT_BYTES and REQUEST_TIMEOUT_MS in place of the
model's serving.bodyLimitBytes and serving.requestTimeoutMs; DRAIN_DELAY_MS (5000), for how long it goes on answering
after SIGTERM, not ready, so that load balancers notice; API_TOKEN, which those who ask the model must then send as a
bearer token; CORS_ORIGINS, web pages that may ask it, with commas between them (none); LOG_LEVEL (info); REQUEST_LOG,
where what is asked and answered is logged in a form that drift is measured by (npm run drift), REQUEST_LOG_SHARE of
the requests (1): a file, until it has REQUEST_LOG_MAX_BYTES (100,000,000) and is put aside as FILE.1, or
s3://BUCKET/PREFIX, where the requests of each REQUEST_LOG_SECONDS (300) become an object MODEL/DAY/TIME-ID.jsonl.gz.
`;

const number = z.string().regex(/^\d+$/, "is not a whole number").transform(Number);

const Flags = z.strictObject({
  model: z.string().default("iris"),
  env: z.string().default("dev"),
  root: z.string().min(1).optional(),
  package: z.string().min(1).optional(),
  host: z.string().min(1).optional(),
  port: number.optional(),
  help: z.boolean().default(false),
});

const Variables = z.object({
  SERVING: SettingsText.optional(),
  BODY_LIMIT_BYTES: number.optional(),
  REQUEST_TIMEOUT_MS: number.optional(),
  DRAIN_DELAY_MS: number.default(5000),
  API_TOKEN: z.string().min(16, "is too short to be a secret: 16 characters at least").optional(),
  CORS_ORIGINS: z
    .string()
    .transform((text) => text.split(",").map((origin) => origin.trim()))
    .pipe(z.array(z.url({ protocol: /^https?$/, error: "is not a list of origins such as https://example.com" })))
    .default([]),
  REQUEST_LOG: z.string().optional(),
  REQUEST_LOG_SHARE: z.coerce.number().gt(0).max(1).default(1),
  REQUEST_LOG_MAX_BYTES: number.default(100_000_000),
  REQUEST_LOG_SECONDS: number.pipe(z.int().positive().max(86_400)).default(300),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

const ContainerVariables = z.object({
  MODEL_DIR: z.string(),
  MODEL_DIGEST: Digest,
  MODEL_NAME: z.string().default("model"),
  MODEL_VERSION: z.string().default(unregistered),
  MODEL_CONTENT_HASH: z.string().optional(),
  MODEL_GIT_SHA: z.string().optional(),
  MODEL_RUN_ID: z.string().optional(),
  HOST: z.string().default("0.0.0.0"),
  PORT: number.default(8000),
});

/** What to serve: a release of this machine, or a package at hand. */
export type Wanted =
  | { readonly kind: "release"; readonly env: string; readonly model: string; readonly root?: string }
  | { readonly kind: "package"; readonly source: Source };

/** All that the command line and the environment say; what they leave out is the model's configuration. */
export interface Settings {
  readonly help: boolean;
  readonly wanted: Wanted;
  readonly serving: Partial<Serving>;
  readonly access: Access;
  readonly requestLog?: RequestLogOptions;
  readonly drainDelayMs: number;
  readonly logLevel: string;
}

/**
 * Reads the command line and the environment; an empty variable counts as none.
 * @throws BadInputError with all that is wrong.
 */
export function readSettings(argv: readonly string[], environment: Record<string, string | undefined>): Settings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const flags = parse(Flags, flagsOf(argv), "the command line");
  const variables = parse(Variables, set, "the environment");
  const container =
    set["MODEL_DIR"] !== undefined && flags.package === undefined
      ? parse(ContainerVariables, set, "the environment")
      : undefined;
  return {
    help: flags.help,
    wanted: wantedOf(flags, container),
    serving: {
      ...variables.SERVING,
      ...present({
        host: flags.host ?? container?.HOST,
        port: flags.port ?? container?.PORT,
        bodyLimitBytes: variables.BODY_LIMIT_BYTES,
        requestTimeoutMs: variables.REQUEST_TIMEOUT_MS,
      }),
    },
    access: {
      corsOrigins: variables.CORS_ORIGINS,
      ...present({ token: variables.API_TOKEN }),
    },
    ...present({ requestLog: requestLogOf(variables) }),
    drainDelayMs: variables.DRAIN_DELAY_MS,
    logLevel: variables.LOG_LEVEL,
  };
}

function requestLogOf(variables: z.infer<typeof Variables>): RequestLogOptions | undefined {
  const { REQUEST_LOG: place, REQUEST_LOG_SHARE: share, REQUEST_LOG_MAX_BYTES: maxBytes } = variables;
  return place === undefined ? undefined : { place, share, maxBytes, everySeconds: variables.REQUEST_LOG_SECONDS };
}

function wantedOf(flags: z.infer<typeof Flags>, container?: z.infer<typeof ContainerVariables>): Wanted {
  if (flags.package !== undefined) {
    return {
      kind: "package",
      source: { folder: flags.package, lineage: { name: flags.model, version: unregistered } },
    };
  }
  if (!container) {
    return { kind: "release", env: flags.env, model: flags.model, ...present({ root: flags.root }) };
  }
  const lineage = {
    name: container.MODEL_NAME,
    version: container.MODEL_VERSION,
    ...present({
      contentHash: container.MODEL_CONTENT_HASH,
      gitSha: container.MODEL_GIT_SHA,
      runId: container.MODEL_RUN_ID,
    }),
  };
  return { kind: "package", source: { folder: container.MODEL_DIR, digest: container.MODEL_DIGEST, lineage } };
}

function flagsOf(argv: readonly string[]): unknown {
  const text = { type: "string" } as const;
  const names = ["model", "env", "root", "package", "host", "port"];
  const options = { ...Object.fromEntries(names.map((name) => [name, text])), help: { type: "boolean" } } as const;
  try {
    return { ...parseArgs({ args: [...argv], options }).values };
  } catch (error) {
    throw new BadInputError(`${error instanceof Error ? error.message : error}; --help lists what there is`, {
      cause: error,
    });
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown, from: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new BadInputError(`${from} can't be used:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
