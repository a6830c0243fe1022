import { S3Client } from "@aws-sdk/client-s3";
import { BadInputError } from "#config/bad-input.ts";

/** How to reach an S3 server; what is absent is the SDK's own choice. */
export interface S3Options {
  /** URL of a server that is not Amazon's; addressed as `ENDPOINT/BUCKET/KEY`. */
  readonly endpoint?: string;
  readonly region?: string;
  /** The SDK's chain (environment, profile, web identity, instance) when absent. */
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** How often a request, or a part of a transfer, is tried in all before it counts as failed. */
  readonly attempts?: number;
  readonly connectTimeoutMs?: number;
  /** How long a connection may be silent. */
  readonly idleTimeoutMs?: number;
  /** Larger objects are sent in parts of this size, at least 5 MiB, four at once. */
  readonly partBytes?: number;
}

/** What the server refused because it arrived damaged, or collided with another write: the same again may pass. */
const passing = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "InvalidDigest",
  "OperationAborted",
  "XAmzContentSHA256Mismatch",
]);

/**
 * A client that tries again, with growing random pauses, what may pass: broken connections, silence, 429, 5xx, damage on the way.
 * @throws BadInputError when the endpoint is no URL.
 */
export function createS3Client(options: S3Options): S3Client {
  const { endpoint, region, credentials, attempts = 5, connectTimeoutMs = 5_000, idleTimeoutMs = 60_000 } = options;
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    throw new BadInputError("AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is no http:// or https:// URL: mend or unset it");
  }
  const client = new S3Client({
    // servers of one's own mostly know no regions and have no name a bucket
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint, forcePathStyle: true }),
    ...(region === undefined && endpoint === undefined ? {} : { region: region ?? "us-east-1" }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: attempts,
    retryMode: "standard",
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs },
  });
  client.middlewareStack.add(
    (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        if (error instanceof Error && passing.has(error.name)) Object.assign(error, { $retryable: {} });
        throw error;
      }
    },
    { step: "deserialize", priority: "high", name: "retryDamage" },
  );
  return client;
}
