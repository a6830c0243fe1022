import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

const program = resolve(import.meta.dirname, "../../../../training/mlflow/replay/main.ts");
let uri: string;

beforeAll(async () => {
  ({ uri } = await sharedMlflow());
});

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    const env = { ...process.env, MLFLOW_TRACKING_URI: uri };
    execFile(process.execPath, [program, ...args], { env }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

function journalOf(folder: string): string {
  const tracker = createTracker({ journalPath: join(folder, "journal"), client: undefined, experiment: "program" });
  tracker.logMetrics(1, { loss: 1 });
  tracker.close();
  return tracker.journalPath;
}

describe("npm run replay", () => {
  it("sends a journal, says what it does not know, and closes it when told how it ended", async () => {
    await using folder = await temporaryFolder();
    const journal = journalOf(folder.path);
    const open = await run(journal);
    expect(open).toMatchObject({ code: 0, out: expect.stringMatching(/^sent: http.*\/runs\/\w+\n.*--end KILLED\n$/) });
    expect(await run(journal, "--end", "KILLED")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^sent: [^\n]*\n$/),
    });
    expect(await run(journal)).toMatchObject({ code: 0, out: expect.stringMatching(/^already there: [^\n]*\n$/) });
  });

  it("is held while MLflow does not answer", async () => {
    await using folder = await temporaryFolder();
    const away = await run(journalOf(folder.path), "--uri", `http://127.0.0.1:${await freePort()}`);
    expect(away).toMatchObject({ code: 4, err: expect.stringContaining("no answer from MLflow") });
  });

  it("explains itself", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("npm run replay -- JOURNAL") });
  });

  it("refuses wrong input", async () => {
    await using folder = await temporaryFolder();
    const other = join(folder.path, "other");
    await writeFile(other, "hello\n");
    expect(await run()).toMatchObject({ code: 42, err: expect.stringContaining("name one journal") });
    expect(await run(join(folder.path, "none"))).toMatchObject({
      code: 42,
      err: expect.stringContaining("there is no file"),
    });
    expect(await run(other, "--end", "DONE")).toMatchObject({ code: 42, err: expect.stringContaining("end") });
    expect(await run(other, "--wrong")).toMatchObject({ code: 42 });
    expect(await run(other)).toMatchObject({ code: 42, err: expect.stringContaining("not a journal") });
  });
});
