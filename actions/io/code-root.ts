import { resolve } from "node:path";

/** Slipway's own checkout, which holds this action. From `actions/dist/`, where bundles lie, it is two folders up as well. */
export const codeRoot = resolve(import.meta.dirname, "../..");
