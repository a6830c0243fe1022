import { join } from "node:path";
import { cacheHome } from "#training/native/location.ts";

/** How the Hugging Face hub is reached, from the variables that its own tools know, and where checkpoints are kept. */
export interface HubOptions {
  endpoint: string;
  token: string | undefined; // for what is not public
  cache: string;
}

export function hubEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): HubOptions {
  return {
    endpoint: variables["HF_ENDPOINT"]?.replace(/\/$/, "") || "https://huggingface.co",
    token: variables["HF_TOKEN"] || undefined,
    cache: join(cacheHome(variables), "pretrained"),
  };
}
