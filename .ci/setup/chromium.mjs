import { run, which } from "./command.mjs";
import { step } from "./progress.mjs";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const remedy =
  "install Chromium or Chrome with the package manager of this machine, so that it is on PATH, then run the same command again";

/** The path of the machine's Chromium or Chrome; as root on Debian and Ubuntu it is installed. */
export async function chromium() {
  const [found] = names.flatMap(which);
  if (found) return found;
  if (process.getuid?.() !== 0 || which("apt-get").length === 0)
    throw new Error(`no Chromium on PATH\nremedy: ${remedy}`);
  await step("Chromium", "by apt-get, 150 MB once", async (onLine) => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run(["apt-get", "update", "-q"], { env, remedy, onLine });
    const fonts = ["fonts-dejavu-core", "fonts-noto-color-emoji"];
    await run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", ...fonts], {
      env,
      remedy,
      onLine,
    });
  });
  const [installed] = names.flatMap(which);
  if (!installed) throw new Error(`apt-get installed no Chromium\nremedy: ${remedy}`);
  return installed;
}
