import { BadInputError } from "#config/bad-input.ts";

/** Names of files that are still being written, and of locks; no reader sees them. */
export const temporary = /\.tmp-([0-9a-f-]{36}|lock)$/;

/**
 * The key itself, when it can name an object and a local file beneath a folder.
 * @throws BadInputError when it could climb out of its root, or means different things to different storages.
 */
export function checkedKey(key: string): string {
  const parts = key.split("/");
  const climbs = parts.some((part) => part === "" || part === "." || part === ".." || /[\\\0]/.test(part));
  if (climbs || temporary.test(key)) {
    throw new BadInputError(
      `${JSON.stringify(key)} can't name an object: use names joined by single slashes, without . or ..`,
    );
  }
  return key;
}
