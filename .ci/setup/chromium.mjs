import { which } from "./command.mjs";
import { debianPackages } from "./debian.mjs";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const packages = {
  chromium: ["/usr/bin/chromium"],
  "fonts-dejavu-core": ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"],
  "fonts-noto-color-emoji": ["/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"],
};
const remedy =
  "install Chromium or Chrome with the package manager of this machine, so that it is on PATH, then run the same command again";

/** The path of the machine's Chromium or Chrome; as root on Debian and Ubuntu it is installed. */
export async function chromium() {
  const [found] = names.flatMap(which);
  if (found) return found;
  if (process.getuid?.() !== 0 || which("apt-get").length === 0)
    throw new Error(`no Chromium on PATH\nremedy: ${remedy}`);
  await debianPackages(packages, { title: "Chromium", why: "a browser for the tests, 150 MB once" });
  const [installed] = names.flatMap(which);
  if (!installed) throw new Error(`apt-get installed no Chromium\nremedy: ${remedy}`);
  return installed;
}
