import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

// packages written for CommonJS ask for Node's own modules by `require`
const banner = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

// Leaves out what no action calls, half of the time that one takes to start: the toolkit's packages do not say that importing them
// does nothing (its OpenID client brings an HTTP library), and of a namespace that is exported by name esbuild keeps everything.
const slim = {
  name: "slim",
  setup(build) {
    build.onResolve({ filter: /^@(?:actions|octokit)\// }, async ({ path, pluginData, ...from }) => {
      if (pluginData === slim) return undefined;
      const found = await build.resolve(path, { ...from, pluginData: slim });
      return found.errors.length > 0 ? undefined : { ...found, sideEffects: false }; // esbuild tells errors better
    });
    build.onLoad({ filter: /\/(?:actions|config|training)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { loader: "ts", contents: text.replace('import { z } from "zod";', 'import * as z from "zod";') };
    });
  },
};

// The index of our undici loads all that it has, twice what requests take: fetch, WebSocket, caches, mocks. No action asks for
// those, and each module that the index would load for them is this one instead, which only has to be named and made.
const unused = /^\.\/lib\/(?:cache|interceptor|mock|web)\/|-agent$|-pool$|h2c-client$|-handler$/;
const requestsOnly = {
  name: "requests-only",
  setup(build) {
    build.onResolve({ filter: unused }, ({ path, importer }) =>
      /^(?!.*\/@actions\/).*\/node_modules\/undici\/index\.js$/.test(importer)
        ? { path, namespace: "unused" }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: "unused" }, () => ({
      contents: "module.exports = new Proxy({}, { get: () => class {} });",
    }));
  },
};

/**
 * Bundles every action that GitHub starts as `actions/dist/NAME.js` into that folder, with chunks that several share. The
 * same sources and packages give the same bytes wherever the checkout lies.
 */
export async function bundleActions(root) {
  const esbuild = createRequire(join(root, "package.json"))("esbuild");
  const folder = join(root, "actions");
  const names = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "action.yml")) && existsSync(join(folder, name, "main.ts")))
    .filter((name) => readFileSync(join(folder, name, "action.yml"), "utf8").includes(`main: ../dist/${name}.js`))
    .sort();
  const draft = join(folder, `dist.${process.pid}`);
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, join("actions", name, "main.ts")])),
    outdir: draft,
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    minify: true,
    legalComments: "external",
    preserveSymlinks: true, // a package's path is that of the checkout, also where node_modules is a link
    banner: { js: banner },
    logLevel: "warning",
    plugins: [requestsOnly, slim],
    metafile: true,
  });
  const heavy = Object.keys(metafile.inputs).find((path) => path.startsWith("node_modules/@tensorflow/"));
  if (heavy) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(
      `an action that GitHub starts would load ${heavy}: only train and evaluate, which are composite, may`,
    );
  }
  await rm(join(folder, "dist"), { recursive: true, force: true });
  await rename(draft, join(folder, "dist"));
}
