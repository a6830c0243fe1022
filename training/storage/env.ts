import type { S3Options } from "./s3-client.ts";

/** Where S3 is, from the variables that the AWS tools know. Credentials and profiles are the SDK's own business. */
export function s3Environment(variables: Readonly<Record<string, string | undefined>> = process.env): S3Options {
  const endpoint = variables["AWS_ENDPOINT_URL_S3"] || variables["AWS_ENDPOINT_URL"];
  const region = variables["AWS_REGION"] || variables["AWS_DEFAULT_REGION"];
  return { ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) };
}
