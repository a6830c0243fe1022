import { Listr, type ListrTaskWrapper } from "listr2";

/** How a step tells what it is at; shown until the next line. */
export type Tell = (line: string) => void;

type AnyTask = ListrTaskWrapper<unknown, never, never>;
type Work = (task: Pick<AnyTask, "title" | "output" | "skip">) => Promise<void>;

const plainLineMs = 2_000; // a log keeps every line, so there are fewer of those that go on and on
const linesShown = 6; // below a step that runs, on a terminal

/**
 * A list of steps, live on a terminal and plain lines elsewhere. Steps are run in the order of their titles by `step`;
 * `close` marks those that were not reached and must be awaited before anything else is printed.
 */
export function createTaskList<Title extends string>(titles: readonly Title[], { terminal }: { terminal: boolean }) {
  const slots = new Map(titles.map((title) => [title, Promise.withResolvers<Work>()]));
  const tasks = [...slots].map(([title, slot]) => ({
    title,
    task: async (_context: unknown, task: unknown) => (await slot.promise)(task as AnyTask),
    rendererOptions: { outputBar: linesShown } as never,
  }));
  const list = new Listr(tasks, {
    registerSignalListeners: false,
    renderer: terminal ? "default" : "simple",
    rendererOptions: { collapseErrors: true, showErrorMessage: false } as never,
  });
  const running = list.run().catch(() => undefined); // the step's caller has the error

  return {
    /** Runs a step. What it returns is its value and a note that then stands behind its title. */
    step<T>(title: Title, work: (tell: Tell) => Promise<{ value: T; note: string }>): Promise<T> {
      const done = Promise.withResolvers<T>();
      slots.get(title)?.resolve(async (task) => {
        try {
          const { value, note } = await work(tellTo(task, terminal));
          task.title = `${title}: ${note}`;
          done.resolve(value);
        } catch (error) {
          done.reject(error);
          throw new Error("failed", { cause: error }); // the caller tells why, once
        }
      });
      return done.promise;
    },

    async close(): Promise<void> {
      for (const slot of slots.values()) slot.resolve(async (task) => task.skip("not reached"));
      await running;
    },
  };
}

/** Where every line is kept, lines that differ in their numbers only are told now and then. */
function tellTo(task: { output: string }, terminal: boolean): Tell {
  const toldMs = new Map<string, number>();
  return (line) => {
    const words = line.replaceAll(/\d+/g, "#");
    const isSoon = performance.now() - (toldMs.get(words) ?? Number.NEGATIVE_INFINITY) < plainLineMs;
    if (!terminal && isSoon) return;
    toldMs.set(words, performance.now());
    task.output = line;
  };
}
