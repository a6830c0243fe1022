import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { imageNameOf, overlayPath } from "#actions/gitops/overlay.ts";
import type { Config } from "#config/schema.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { Settings } from "./repository.ts";

/** Whether each model has an overlay that names an image in the registry that jobs log in to. Overlays in another repository are not looked at. */
export async function checkImages(
  configs: readonly Config[],
  { root, variables = {} }: { root: string; variables: Settings["variables"] },
): Promise<Finding[]> {
  const registry = variables["SLIPWAY_REGISTRY"] || "ghcr.io";
  const here = configs.filter(({ promotion }) => promotion.repository === undefined);
  return await Promise.all(here.map((config) => checkImage(config, { root, registry })));
}

async function checkImage(
  { env, model }: Config,
  { root, registry }: { root: string; registry: string },
): Promise<Finding> {
  const about = findingsAbout(`image of ${model}`);
  const path = overlayPath(env, model);
  const source = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (source === undefined)
    return about.problem(`there is no ${path}`, "copy another model's overlay, with nothing promoted in it");
  const name = imageNameOf(source);
  const host = hostOf(name);
  if (host === registry) return about.ok(name);
  const example = `${registry}/OWNER/${model}`;
  return about.problem(
    host === undefined
      ? `its overlay names it ${name}, which is in no registry`
      : `it is in ${host}, and jobs log in to ${registry}`,
    `set newName in ${path} to a name such as ${example}${host === undefined ? "" : `, or the variable SLIPWAY_REGISTRY to ${host}`}`,
  );
}

// as Docker reads it: a first part that looks like a host, else Docker Hub where there is an owner
function hostOf(name: string): string | undefined {
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return undefined;
  return /[.:]|^localhost$/.test(first) ? first : "docker.io";
}
