const sayEveryMs = process.stderr.isTTY ? 5_000 : 20_000;

/** Says something on stderr, so that the stdout of the command that follows stays its own. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Does `work(onLine)` while telling what is done, why it takes time and how far it is. An error is given the step's `title`. */
export async function step(title, why, work) {
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  let last = "";
  say(`${title} (${why})`);
  const timer = setInterval(
    () => say(`${title}: ${seconds()} so far${last ? `, ${last.slice(0, 100)}` : ""}`),
    sayEveryMs,
  );
  try {
    const result = await work((line) => {
      last = line;
    });
    say(`${title}: done in ${seconds()}`);
    return result;
  } catch (error) {
    error.step ??= title;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
