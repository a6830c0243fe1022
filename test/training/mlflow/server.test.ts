import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { answering } from "#test/parts/answering.ts";
import { freePort, mlflowPython, sharedMlflow } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { launchCommand } from "#training/mlflow/launch.ts";
import { probe } from "#training/mlflow/probe.ts";
import { ensureMlflow, type MlflowServer } from "#training/mlflow/server.ts";

const started: number[] = [];

afterEach(async () => {
  for (const pid of started.splice(0)) process.kill(pid, "SIGKILL");
});

async function ensure(uri: string, folder: string, python: string | undefined = mlflowPython()) {
  const lines: string[] = [];
  const server = await ensureMlflow({ uri, folder, python, info: (line) => lines.push(line) });
  if (server.kind === "started") started.push(server.pid);
  return { server, lines };
}

describe("what listens at an address", () => {
  it("is MLflow when it says so twice", async () => {
    expect(await probe((await sharedMlflow()).uri)).toMatchObject({
      kind: "mlflow",
      version: expect.stringMatching(/^3\./),
    });
  });

  it("is nothing when nothing does", async () => {
    expect(await probe(`http://localhost:${await freePort()}`)).toMatchObject({ kind: "nothing" });
  });

  it.each<[string, (url: string | undefined) => string]>([
    ["answers OK to everything", () => "OK"],
    ["answers 200 with a page to everything", () => "<html></html>"],
    ["is healthy in another way", (url) => (url === "/version" ? "1.2.3" : '{"status":"ok"}')],
  ])("is something else when it %s", async (_, body) => {
    await using server = await answering((request, response) => response.end(body(request.url)));
    expect(await probe(server.uri)).toMatchObject({ kind: "other" });
  });

  it("is something else when it never answers", async () => {
    await using server = await answering(() => undefined);
    expect(await probe(server.uri, 200)).toMatchObject({ kind: "other" });
  });
});

describe("without starting one", () => {
  it("an MLflow that runs is used", async () => {
    await using folder = await temporaryFolder();
    const { uri } = await sharedMlflow();
    const { server, lines } = await ensure(uri, folder.path, undefined);
    expect(server).toEqual({ kind: "running", uri, version: expect.stringMatching(/^3\./) });
    expect(lines).toEqual([]);
  });

  it("an address elsewhere that does not answer is unreachable", async () => {
    await using folder = await temporaryFolder();
    const { server } = await ensure("http://ada:secret@mlflow.invalid:5000/path", folder.path);
    expect(server).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("http://mlflow.invalid:5000/path"),
    });
    expect(JSON.stringify(server)).not.toContain("secret");
  });

  it.each([undefined, "/nowhere/bin/python"])("the remedy is told when Python is %s", async (python) => {
    await using folder = await temporaryFolder();
    const uri = `http://localhost:${await freePort()}`;
    const server = await ensureMlflow({ uri, folder: folder.path, python, info: () => undefined });
    expect(server).toMatchObject({ kind: "unavailable", remedy: expect.stringContaining("install Python") });
  });

  it("a Python without MLflow is told with the last line of the log", async () => {
    await using folder = await temporaryFolder();
    const { server } = await ensure(`http://127.0.0.1:${await freePort()}`, folder.path, "/bin/false");
    expect(server).toMatchObject({
      kind: "unavailable",
      reason: expect.stringContaining("it ended with code 1"),
      remedy: `read ${folder.path}/mlflow.log`,
    });
  });
});

describe("a start", () => {
  it("passes over a taken port, and a second and third program at once find the same server, as does a later one", async () => {
    await using folder = await temporaryFolder();
    await using other = await answering((_, response) => response.end("OK"));
    const wanted = Number(new URL(other.uri).port);
    await mkdir(folder.path, { recursive: true });
    const dead = spawn(process.execPath, ["--version"]);
    await once(dead, "exit");
    const stale = { pid: dead.pid, port: await freePort(), startedAt: new Date().toISOString() };
    await writeFile(join(folder.path, "server.json"), JSON.stringify(stale));
    await writeFile(join(folder.path, "server.lock"), "");
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(join(folder.path, "server.lock"), longAgo, longAgo);

    const results = await Promise.all([1, 2, 3].map(() => ensure(other.uri, folder.path)));
    const servers = results.map(({ server }) => server);
    expect(servers.map(({ kind }) => kind).sort()).toEqual(["running", "running", "started"]);
    const uris = new Set(servers.map((server) => ("uri" in server ? server.uri : "")));
    expect(uris.size).toBe(1);
    const [uri = ""] = uris;
    expect(Number(new URL(uri).port)).toBeGreaterThan(wanted);
    const lines = results.flatMap((result) => result.lines);
    expect(
      lines.filter((line) => line.startsWith(`port ${wanted} is held by something that is not MLflow`)),
    ).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("starting MLflow"))).toHaveLength(1);

    const first = servers.find(
      (server): server is Extract<MlflowServer, { kind: "started" }> => server.kind === "started",
    );
    expect(first?.stop).toBe(`kill ${first?.pid}`);
    expect((await ensure(other.uri, folder.path)).server).toMatchObject({ kind: "running", uri });
    expect(await readFile(join(folder.path, "mlflow.log"), "utf8")).toContain("Uvicorn running");
  }, 180_000);
});

describe("the command that starts it", () => {
  it("hands on neither credentials nor the user's MLflow settings", () => {
    const { env } = launchCommand("python", 5000, {
      PATH: "/bin",
      MLFLOW_TRACKING_PASSWORD: "x",
      _MLFLOW_Y: "z",
      EMPTY: undefined,
    });
    expect(env["PATH"]).toBe("/bin");
    expect(Object.keys(env)).not.toContain("MLFLOW_TRACKING_PASSWORD");
    expect(Object.keys(env)).not.toContain("_MLFLOW_Y");
    expect(Object.keys(env)).not.toContain("EMPTY");
  });
});
