import { BadInputError } from "#config/bad-input.ts";

/** What was attempted, for messages. */
export interface S3Attempt {
  readonly action: string; // a verb: "read", "write", "list", "delete"
  readonly bucket: string;
  readonly key: string;
  readonly server: string;
}

interface Reason {
  readonly isInput: boolean; // the user's configuration is wrong
  readonly text: string;
}

/**
 * The error of a person who does not know S3's codes: what was attempted on which object, what came back, what to do.
 * The SDK's own error stays behind, because it holds the request with its signature and session token.
 */
export function s3Error(error: unknown, attempt: S3Attempt): Error {
  if (error instanceof BadInputError) return error;
  const failure = failureOf(error);
  const { isInput, text } = reasonOf(failure, attempt);
  const message = `can't ${attempt.action} s3://${attempt.bucket}/${attempt.key}: ${text}`;
  const options = { cause: new Error(`${failure.name}: ${shortened(failure.message)}`) };
  return isInput ? new BadInputError(message, options) : new Error(message, options);
}

/** The parts of an error of the SDK or of the network that tell what happened. */
export function failureOf(error: unknown) {
  const {
    name = "Error",
    message = String(error),
    code,
    $metadata,
  } = error as Partial<Error> & {
    code?: string;
    $metadata?: { httpStatusCode?: number; attempts?: number };
  };
  return { name, message, code, status: $metadata?.httpStatusCode, attempts: $metadata?.attempts ?? 1 };
}

function reasonOf(failure: ReturnType<typeof failureOf>, { bucket, server }: S3Attempt): Reason {
  const { name, message, code, status, attempts } = failure;
  const input = (text: string): Reason => ({ isInput: true, text });
  const fault = (text: string): Reason => ({ isInput: false, text });
  const tries = attempts > 1 ? `, ${attempts} times in a row` : "";

  if (name === "NoSuchBucket") return input(`${server} has no bucket ${bucket}: create it, or mend the name`);
  if (credentialFaults.has(name)) {
    return input(
      `${server} does not take the credentials (${name}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN if they are temporary), or AWS_PROFILE`,
    );
  }
  if (name === "RequestTimeTooSkewed") return fault("this machine's clock is wrong: set it by NTP");
  if (status === 403) {
    return input(
      `access denied: allow these credentials s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the objects and s3:ListBucket on the bucket`,
    );
  }
  if (status === 301 || regionFaults.has(name) || message.startsWith("Region is missing")) {
    return input(`the bucket is in another region, or none was named: set AWS_REGION to the bucket's`);
  }
  if (name === "NoSuchKey" || status === 404) return fault("there is no such object: check the key");
  if (name === "BadDigest" || name === "XAmzContentSHA256Mismatch") {
    return fault(
      `what ${server} got was not what was sent (wrong checksum)${tries}: a proxy or the network damages data`,
    );
  }
  if (status !== undefined && status >= 500) return fault(`${server} answered ${status}${tries}: try again later`);
  if (code !== undefined && fileFaults.has(code)) return fault(`on this machine: ${message}`);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return fault(`the name of ${server} can't be resolved: check AWS_ENDPOINT_URL_S3, AWS_REGION and the network`);
  }
  if (name === "TimeoutError" && (code === undefined || code === "ETIMEDOUT")) {
    return fault(`${server} did not answer in time${tries}: check the network, or try later`);
  }
  if (code !== undefined) {
    return fault(
      `no connection to ${server} (${code})${tries}: check that it runs, AWS_ENDPOINT_URL_S3 and the network`,
    );
  }
  if (message.includes("Deserialization error")) {
    return fault(`what ${server} answered (HTTP ${status}) is not S3's: check AWS_ENDPOINT_URL_S3`);
  }
  return fault(shortened(status === undefined ? message : `${server} answered ${status} ${name}: ${message}`));
}

const credentialFaults = new Set([
  "CredentialsProviderError",
  "TokenProviderError",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "XAdminUserNotFound", // Versity's for InvalidAccessKeyId
]);

const fileFaults = new Set([
  "EACCES",
  "EDQUOT",
  "EEXIST",
  "EIO",
  "EISDIR",
  "EMFILE",
  "ENOENT",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

const regionFaults = new Set([
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
  "PermanentRedirect",
]);

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
