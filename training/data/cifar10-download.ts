import { mkdir, mkdtempDisposable, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { extract } from "tar";
import { BadInputError } from "#config/bad-input.ts";
import type { Cifar10Data } from "#config/images.ts";
import { cifar10Files } from "./cifar10-files.ts";
import { type DownloadOptions, download } from "./download.ts";

/**
 * Downloads CIFAR-10's archive and unpacks its files to `folder`, which appears whole or not at all. A download that
 * broke off stays beside the folder and is continued.
 * @throws BadInputError when the archive can't be had, or is another one.
 */
export async function downloadCifar10(
  folder: string,
  { url, sha256 }: Cifar10Data["download"],
  options: Pick<DownloadOptions, "info" | "signal">,
): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const archive = join(parent, `.${basename(folder)}-${sha256.slice(0, 16)}.tar.gz`);
  options.info(`${folder} is not there yet; downloading ${url}`);
  await download(archive, { ...options, url, sha256 }).catch((error: Error) => {
    if (!(error instanceof BadInputError)) throw error;
    const remedy = `${folder} is missing: put CIFAR-10's binary files there, or mend data.root and data.path`;
    throw new BadInputError(`${remedy}\n${error.message}`, { cause: error });
  });
  await using staging = await mkdtempDisposable(join(parent, `.${basename(folder)}-`));
  const unpacked = join(staging.path, "files");
  await mkdir(unpacked);
  const wanted = (path: string) => cifar10Files.includes(basename(path));
  await extract({ file: archive, cwd: unpacked, strip: 1, strict: true, filter: wanted });
  await rename(unpacked, folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another run was faster: the same files
  });
  await rm(archive, { force: true });
}
