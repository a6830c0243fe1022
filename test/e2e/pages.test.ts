import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBrowser } from "#test/parts/browser.ts";
import { parseIris } from "#test/parts/iris-rows.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { loggedRequests } from "#test/parts/logged-requests.ts";
import { runProgram } from "#test/parts/program.ts";
import { type ServingProcess, startServing } from "#test/parts/serving.ts";
import { readReference } from "#training/package/read-reference.ts";
import { openStorage } from "#training/storage/open.ts";

// What people open: the pages of a running server, and the reports that programs write.
let browser: Awaited<ReturnType<typeof startBrowser>>;
let server: ServingProcess;
let folder: string;
beforeAll(async () => {
  browser = await startBrowser();
  folder = await mkdtemp(join(tmpdir(), "slipway-pages-"));
  await writeIrisPackage(join(folder, "model"), undefined, await parseIris());
  server = await startServing(["--package", join(folder, "model"), "--model", "iris"], { DRAIN_DELAY_MS: "0" });
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page; `strange` are requests that leave where it came from, `problems` what its console complains of. */
async function open(address: string) {
  const page = await browser.newPage();
  const own = address.startsWith("file:") ? address : new URL(address).origin;
  const [strange, problems]: [string[], string[]] = [[], []];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !url.startsWith("data:") && !url.startsWith("blob:")) strange.push(url);
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(address);
  return { page, strange, problems, [Symbol.asyncDispose]: () => page.close() };
}

test("/docs shows every route by the server's own scripts alone, and a prediction can be tried there", async () => {
  await using opened = await open(`${server.url}/docs`);
  const { page, strange, problems } = opened;
  const predict = page.locator(".opblock", { hasText: "/predict" }).first();
  await predict.waitFor();
  for (const path of ["/predict", "/v2/models/{model}/infer", "/version", "/metrics"])
    expect(await page.getByText(path, { exact: true }).count(), path).toBeGreaterThan(0);
  await predict.locator(".opblock-summary").click();
  await predict.getByRole("button", { name: "Execute" }).click();
  const answer = predict.locator(".live-responses-table .response").first();
  await answer.waitFor();
  expect(await answer.textContent()).toContain("200");
  expect(await answer.textContent()).toContain("setosa");
  expect({ strange, problems }).toEqual({ strange: [], problems: [] });
});

test.each([
  [
    "drift",
    ["serving/drift/main.ts", "--package", "model", "--log", "requests.jsonl"],
    3,
    { title: "Drift of iris", charts: 6, tables: 1, words: "petal_length" },
  ],
  [
    "costs",
    ["serving/finops/main.ts", "--cpu-ms", "50"], // of less, one machine does all, and no month costs more than another
    0,
    { title: "What serving costs", charts: 2, tables: 4, words: "By traffic" },
  ],
  [
    "load",
    ["test/load/main.ts", "--url", "SERVER", "--users", "5", "--seconds", "3"],
    0,
    { title: "Load test", charts: 1, tables: 2, words: "5 users for 3 s" },
  ],
] as const)(
  "the report of %s is drawn, asks the network for nothing and fits a narrow window",
  async (name, [program, ...args], code, wanted) => {
    const told = await readReference(openStorage(join(folder, "model")));
    await writeFile(join(folder, "requests.jsonl"), loggedRequests(told, { isDrifted: true }));
    const out = join(folder, `${name}.html`);
    const places: Record<string, string> = {
      model: join(folder, "model"),
      "requests.jsonl": join(folder, "requests.jsonl"),
      SERVER: server.url,
    };
    const ran = await runProgram(program, [...args.map((argument) => places[argument] ?? argument), "--out", out]);
    expect({ code: ran.code, output: ran.output }).toMatchObject({ code });
    await using opened = await open(pathToFileURL(out).href);
    const { page, strange, problems } = opened;
    expect(await page.title()).toBe(wanted.title);
    expect(await page.locator("body").textContent()).toContain(wanted.words);
    expect(await page.locator("figure svg").count()).toBe(wanted.charts);
    expect(await page.locator("table").count()).toBe(wanted.tables);
    expect(await page.locator("figure svg path").count()).toBeGreaterThan(wanted.charts);
    for (const width of [1200, 400]) {
      await page.setViewportSize({ width, height: 800 });
      for (const chart of await page.locator("figure svg").all())
        expect((await chart.boundingBox())?.width ?? Infinity, `${width} wide`).toBeLessThanOrEqual(width);
    }
    expect({ strange, problems }).toEqual({ strange: [], problems: [] });
    expect(await readFile(out, "utf8")).not.toMatch(/(src|href)="http/);
  },
);
