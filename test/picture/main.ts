import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gate } from "#actions/gate/gate.ts";
import { commentText } from "#actions/report/comment-text.ts";
import { manifestChange } from "#actions/report/manifest-change.ts";
import { Prices } from "#config/prices.ts";
import { Gate } from "#config/schema.ts";
import { readTools } from "#config/tools.ts";
import { showMarkdown, startBrowser } from "#test/parts/browser.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { digestOf, evaluated, type Kind } from "#test/parts/evaluation.ts";

/** Makes the README's picture of a comment, `.github/comment.png`, by the code that comments and in a real browser. */

const root = resolve(import.meta.dirname, "../..");
const opened = ["Learning curves", "Confusion matrix"];

const kinds: Kind[] = [
  { label: "setosa", candidate: "setosa", champion: "setosa", times: 200, slices: ["short petals"] },
  { label: "versicolor", candidate: "versicolor", champion: "virginica", times: 14 },
  { label: "versicolor", candidate: "virginica", champion: "versicolor", times: 3 },
  { label: "versicolor", candidate: "versicolor", champion: "versicolor", times: 183 },
  { label: "virginica", candidate: "versicolor", champion: "virginica", times: 4 },
  { label: "virginica", candidate: "versicolor", champion: "versicolor", times: 3 },
  { label: "virginica", candidate: "virginica", champion: "virginica", times: 193 },
];
const config = {
  gate: Gate.parse({ minimum: 0.9 }),
  cost: Prices.parse({}),
  argocd: { url: "https://argocd.example.com" },
};
const { evaluation, predictions } = evaluated(kinds, { role: "validation" });
evaluation.looks = 0;
const candidate = candidateOf({
  curves: candidateOf().curves.map((point, index) => ({
    ...point,
    loss: point.loss + 0.02 * Math.sin(index * 1.7),
    validationLoss: point.validationLoss + 0.03 * Math.sin(index * 2.3 + 1),
    accuracy: Math.min(1, point.accuracy + 0.008 * Math.sin(index * 1.9)),
    validationAccuracy: point.validationAccuracy + 0.012 * Math.sin(index * 2.9),
  })),
});
const before = { ...candidate.data, fingerprint: digestOf("9"), rows: { train: 1740, validation: 580, test: 580 } };
const { kustomize } = readTools(root);
if (!kustomize) throw new Error("no kustomize: run `npm run picture`, whose set-up prepares it");
const promoted = () => ({
  version: "next",
  modelDigest: candidate.modelDigest,
  packageUri: "s3://models/iris/cccccccccccccccc/candidate/model",
  contentHash: candidate.contentHash,
  runId: candidate.run?.runId ?? "",
  image: { name: "ghcr.io/acme/iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb" },
});
const report = {
  config,
  candidate,
  evaluation,
  verdict: gate(evaluation, predictions, config.gate),
  championData: { kind: "known", data: { ...before, classes: { setosa: 1000, versicolor: 1000, virginica: 900 } } },
  manifests: await manifestChange(root, { env: "dev", model: "iris", promoted }, [[kustomize, "build"]]),
} as const;
const runUrl = "https://github.com/acme/models/actions/runs/17";
const sha = candidate.git?.sha ?? "";
const text = commentText({ reports: [report], missing: [], sha, runUrl, untrusted: false });

const browser = await startBrowser();
try {
  await using shown = await showMarkdown(browser, text, { scale: 1 });
  for (const title of opened) await shown.page.locator("summary", { hasText: title }).click();
  await writeFile(join(root, ".github/comment.png"), await shown.page.locator("main").screenshot());
} finally {
  await browser.close();
}
