import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { report } from "#actions/report/report.ts";
import type { ReportInput } from "#actions/report/report-input.ts";
import { Prices } from "#config/prices.ts";
import { Gate } from "#config/schema.ts";
import { Sweep } from "#config/sweep.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { digestOf, evaluated } from "#test/parts/evaluation.ts";
import {
  championData,
  failed,
  flowers,
  manifests,
  passed,
  poisoned,
  release,
  reportInput,
  undecided,
} from "#test/parts/report.ts";
import type { Verdict } from "#training/verdict.ts";

const render = (markdown: string) =>
  micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });

test("the verdict comes first, then metrics against the champion with direction, difference and interval", () => {
  const text = report(reportInput());
  expect(text.startsWith("## ✅ iris passes the gate\n\n- accuracy 99 % reaches the minimum of 60 %\n")).toBe(true);
  expect(text).toContain("| metric | candidate | champion 7 | difference | 95 % interval |");
  expect(text).toContain("| accuracy ↑ | **99 %** | 98.67 % | +0.33 better | -1.46 to +2.23 |");
  expect(text).toMatch(/\| log loss ↓ \| 0\.\d+ \| 0\.\d+ \| -0\.\d+ better \|/);
  expect(text).toContain("This test set cannot see less than **3.12 points**");
  expect(text).toContain("300 **test** examples (looked at **3** times), environment **dev**.");
});

test("classes, confusion, slices, data, time, cost, calibration and the run are all there", () => {
  const text = report(reportInput());
  expect(text).toContain("| virginica | 100 | 100 % | 97 % | 98.48 % |");
  expect(text).toContain("| **virginica** | · | 3 | **97** |");
  expect(text).toContain("| class=virginica | 100 | 97 % | 100 % | -3 | pass |");
  expect(text).toContain("| short petals | 7 | 57.14 % | 42.86 % | +14.29 | fewer than 30 examples: not judged |");
  expect(text).toContain("| 1,800 | 600 | 600 | 3,000 | 3 |");
  expect(text).toContain("**4.27 s** wall, 5.9 s of CPU, on wasm");
  expect(text).toContain("| this training run, CPU-seconds used | c7i.xlarge | less than 0.0001 | less than 0.0001 |");
  expect(text).toMatch(/Temperature 1\.083, fitted on validation; calibration error on the test examples [\d.]+ %/);
  expect(text).toContain("[MLflow run](<http://localhost:5000/#/experiments/1/runs/9f2c>)");
  expect(text).toContain("Kept: epoch **74** of 80");
});

test("a GPU is paid for as long as it is held", () => {
  const device = { backend: "gpu" as const, name: "T4", reason: "found" };
  const text = report(reportInput({ candidate: candidateOf({ device, seconds: 5400, cpuSeconds: 7200 }) }));
  expect(text).toContain("**1 h 30 min** wall, 2 h 0 min of CPU");
  expect(text).toContain("| this training run, its GPU held | g4dn.xlarge | 0.7890 | 0.4965 | 0.3000 |"); // 1.5 hours
});

test("a million predictions are priced by what those of the evaluation took", () => {
  const { evaluation } = reportInput();
  if (!evaluation) throw new Error("no evaluation");
  const input = reportInput({ evaluation: { ...evaluation, candidate: { ...evaluation.candidate, cpuMs: 2 } } });
  const row = "| a million predictions in batches, processors filled | c7i.xlarge | 0.0248 | 0.0164 | 0.0099 |";
  expect(report(input)).toContain(row); // 2,000 CPU-seconds of one of four
  expect(report(reportInput())).not.toContain("a million predictions");
});

test.each([
  [
    "trained only",
    { evaluation: undefined, verdict: undefined },
    /^## 🏁 iris is trained, and not yet judged/,
    /the gate decides/,
  ],
  [
    "passed on validation",
    { evaluation: evaluated(flowers, { role: "validation" }).evaluation },
    /passes the gate/,
    /After the merge/,
  ],
  ["passed on test", {}, /^## ✅/, /registered in MLflow as Staging and promoted to dev/],
  [
    "failed",
    { verdict: failed },
    /^## ❌ iris fails the gate/,
    /nothing is registered or promoted; the champion stays/,
  ],
  ["inconclusive, held", { verdict: undecided }, /^## ⏸️ iris is held/, /Add test examples/],
  [
    "inconclusive, let pass",
    {
      verdict: undecided,
      config: { gate: Gate.parse({ onInconclusive: "pass" }), cost: Prices.parse({}), argocd: {} },
    },
    /^## ⚠️ iris passes with a warning/,
    /promoted to dev/,
  ],
  ["registered", { release }, /^## ✅/, /registered as version \*\*8\*\*; its serving image is built/],
  [
    "promoted",
    {
      release: {
        ...release,
        state: "promoted",
        image: { name: "iris", tag: "iris-abc" },
        commit: { repository: "acme/models", branch: "main", sha: "f".repeat(40) },
        promotedAt: "2026-11-01T10:00:09Z",
      },
    },
    /^## ✅/,
    /version \*\*8\*\* is what dev must run, by commit ffffffffff on main of acme\/models/,
  ],
] as [string, Partial<ReportInput>, ...RegExp[]][])(
  "a candidate that is %s: headline and what happens next",
  (_, changes, ...patterns) => {
    const lines = report(reportInput(changes)).split("\n");
    const told = [lines[0], lines.find((line) => line.startsWith("**Next:**"))];
    for (const [index, pattern] of patterns.entries()) expect(told[index]).toMatch(pattern);
  },
);

test("without a champion there is nothing to compare with", () => {
  const alone = flowers.map(({ label, candidate, times }) => ({ label, candidate, times: times ?? 1 }));
  const text = report(reportInput({ evaluation: evaluated(alone).evaluation }));
  expect(text).toContain("| metric | candidate |\n");
  expect(text).not.toContain("against champion");
  expect(text).not.toContain("Slices that moved");
});

test("a diverged run shows its curves up to where it diverged", () => {
  const curves = candidateOf().curves.map((point, index) => (index < 5 ? point : { ...point, loss: Number.NaN }));
  const text = report(reportInput({ candidate: candidateOf({ curves }) }));
  expect(text).toContain("Training diverged in epoch 6.");
  expect(text).toContain('x-axis "epoch" 1 --> 5');
  expect(text).not.toContain("NaN");
});

test("curves are thinned, and a single epoch has none", () => {
  const [point] = candidateOf().curves;
  const long = Array.from({ length: 5000 }, (_, index) => ({ ...point, epoch: index + 1 }));
  const lines = (curves: unknown) =>
    report(reportInput({ candidate: candidateOf({ curves: curves as never }) }))
      .split("\n")
      .filter((line) => line.startsWith("  line ["));
  expect(lines(long).map((line) => line.split(",").length)).toEqual([60, 60, 60, 60]);
  expect(lines([point])).toEqual([]);
});

test("the manifest change stands in a fence that its lines can't close, and long ones are cut", () => {
  const closing = { where: ["a"], lines: ["+```", "+````` x", "+</details>\u202e\n"] };
  const text = report(reportInput({ manifests: { kind: "rendered", changes: [closing] } }));
  expect(text).toContain("``````diff\n# a\n+```\n+````` x\n+</details> \n``````");
  const long = { where: ["a"], lines: Array.from({ length: 500 }, (_, index) => `+line ${index}`) };
  const cut = report(reportInput({ manifests: { kind: "overlay", reason: "no kustomize", changes: [long] } }));
  expect(cut).toContain("Not rendered: no kustomize.");
  expect(cut).toContain("351 more lines.");
});

test("what is not known of manifests and data is said", () => {
  const text = report(
    reportInput({
      manifests: { kind: "unknown", reason: "no overlay" },
      championData: { kind: "unknown", reason: "gone" },
    }),
  );
  expect(text).toContain("What dev would change is not known: no overlay.");
  expect(text).toContain("What changed since the champion is not known: gone.");
});

test("links lead to run, version and Argo CD", () => {
  const config = { gate: Gate.parse({}), cost: Prices.parse({}), argocd: { url: "https://argocd.example/" } };
  expect(report(reportInput({ release, config }))).toContain(
    "[MLflow run](<http://localhost:5000/#/experiments/1/runs/9f2c>), [version 8](<http://localhost:5000/#/models/iris/versions/8>), [dev in Argo CD](<https://argocd.example/applications/argocd/serving-dev-iris>)",
  );
});

test("nothing untrusted has an effect, wherever it stands", () => {
  const config = reportInput().config;
  const whole = reportInput({ release, championData, manifests });
  const clean = render(report(whole));
  const html = render(report({ ...poisoned(whole), config }));
  const tags = (text: string) => text.match(/<\/?[a-z][^>]*>/g)?.map((tag) => tag.replace(/ href="[^"]*"/, ""));
  expect(tags(html)).toEqual(tags(clean));
  const addresses = [...html.matchAll(/ href="([^"]*)"/g)].map(([, address]) => address ?? "");
  expect(addresses.every((address) => address.startsWith("http://localhost:5000/#/"))).toBe(true);
  const text = html.replace(/<pre>.*?<\/pre>/gs, "").replace(/<[^>]*>/g, ""); // GitHub looks for none of them in code
  for (const pattern of [/@team/, /#1/, /::set-output/, /\$\{\{/]) expect(text).not.toMatch(pattern);
  expect(text).toContain("@\u200bteam");
});

test("only numbers and fixed words go into the charts", () => {
  const charts = (of: ReportInput) => report(of).match(/```mermaid[\s\S]*?```/g);
  expect(charts({ ...poisoned(reportInput()), config: reportInput().config })).toEqual(charts(reportInput()));
});

test("a thousand classes with long and costly names stay in the room there is, and say what is not shown", () => {
  const classes = Array.from({ length: 1000 }, (_, index) => `${index}${"@".repeat(300)}`);
  const kinds = classes.map((label, index) => ({
    label,
    candidate: classes[(index * 7) % 1000] ?? "",
    champion: label,
  }));
  const { evaluation } = evaluated(kinds, { classes });
  const rules = classes.map(
    (name) =>
      ({
        ...passed.rules[0],
        name: `slice ${name}`,
        kind: "fail",
        reason: "@".repeat(5000),
      }) as Verdict["rules"][number],
  );
  const candidate = candidateOf({
    data: { ...candidateOf().data, classes: Object.fromEntries(classes.map((name) => [name, 3])) },
  });
  const whole = reportInput({ candidate, evaluation, verdict: { ...passed, kind: "fail", rules } });
  const text = report(whole, { characters: 60_000, wholeUrl: "https://github.com/o/r/actions/runs/1" });
  expect(text.length).toBeLessThan(60_000);
  expect(report(whole).length).toBeLessThan(300_000);
  expect(text).toMatch(/^## ❌ iris fails the gate/);
  expect(report(whole)).toContain("- and 992 more rules");
  expect(text).toMatch(
    /_\d more sections? would make this too long: see \[the summary of the run\]\(<https:\/\/github.com\/o\/r\/actions\/runs\/1>\)\._\n$/,
  );
  const plain = classes.map((_, index) => `class ${index}`);
  const readable = evaluated(
    plain.map((label, index) => ({ label, candidate: plain[(index * 7) % 1000] ?? "", champion: label })),
    { classes: plain },
  );
  const short = report(reportInput({ evaluation: readable.evaluation }));
  expect(short).toContain("The 30 classes with the lowest F1, of 1,000.");
  expect(short).toContain("The most frequent mistakes among 1,000 classes");
  expect(short).not.toContain("too long");
});

test("a candidate that won a sweep comes with the sweep's trials, the best first, and what failed", () => {
  const validation = { accuracy: 0.9, macro_f1: 0.9 };
  const trained = (log_loss: number) => ({
    ...{ kind: "trained" as const, contentHash: digestOf("c"), bestEpoch: 7, seconds: 1 },
    validation: { ...validation, log_loss },
  });
  const text = report(
    reportInput({
      sweep: {
        ...{ model: "iris", env: "dev", hash: digestOf("5"), metric: "log_loss", winner: 3 },
        sweep: Sweep.parse({
          method: "random",
          parameters: {
            "training.learningRate": { min: 0.001, max: 1 },
            "training.hiddenUnits": { values: [[8], [4, 4]] },
          },
        }),
        trials: [
          { trial: 1, settings: { "training.learningRate": 0.5, "training.hiddenUnits": [8] }, outcome: trained(0.3) },
          {
            trial: 2,
            settings: { "training.learningRate": 0.9, "training.hiddenUnits": [4, 4] },
            outcome: { kind: "failed", reason: "diverged | <b>@team</b>" },
          },
          {
            trial: 3,
            settings: { "training.learningRate": 0.0123456, "training.hiddenUnits": [4, 4] },
            outcome: trained(0.2),
          },
        ],
        run: { trackingUri: "http://localhost:5000/", experimentId: "1", runId: "5e" },
      },
    }),
  );
  expect(text).toContain("<summary>Sweep: trial 3 of 3</summary>");
  expect(text).toContain(
    "| trial | training.learningRate | training.hiddenUnits | validation log loss ↓ | best epoch |",
  );
  const html = render(text);
  const rows = [...html.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
    row
      .replace(/<[^>]+>|\n/g, " ")
      .trim()
      .split(/ {2,}/),
  );
  const at = rows.findIndex(([first]) => first === "trial");
  expect(rows.slice(at + 1, at + 4)).toEqual([
    ["3", "0.01235", "[4,4]", "0.2", "7"],
    ["1", "0.5", "[8]", "0.3", "7"],
    ["2", "0.9", "[4,4]", expect.stringMatching(/^failed: diverged \| &lt;b&gt;@.*team&lt;\/b&gt;$/)],
  ]);
  expect(text).toContain("[The sweep in MLflow](<http://localhost:5000/#/experiments/1/runs/5e>)");
  expect(report(reportInput())).not.toContain("Sweep");
});
