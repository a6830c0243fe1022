import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";
import { createGitHubRoad, promoting } from "#test/parts/github-road.ts";
import { Candidate } from "#training/candidate.ts";

const set = ["data.root=./data", "models.uri=./kept", "training.epochs=30", "gate.onInconclusive=pass"].join("\n");

/**
 * Seconds of each action from a push to the commit in the manifests, one after the other as in one job, for iris against the
 * emulated GitHub and the MLflow at `uri`; the seconds of training itself are told apart.
 */
export async function benchRoad(uri: string): Promise<void> {
  await using slipway = await createActionCheckout();
  await slipway.bundle();
  await using road = await createGitHubRoad();
  await using repository = await createModelsRepository();
  const env = { GITHUB_API_URL: road.hub.apiUrl, GITHUB_REPOSITORY: road.repository, MLFLOW_TRACKING_URI: uri };
  const event = { repository: { default_branch: "main" } };
  let sum = 0;

  async function step(name: string, inputs: Record<string, string>, { trainedIn = "" } = {}) {
    const began = performance.now();
    const { code, output, outputs } = await slipway.act(name, { set, ...inputs }, { cwd: repository.path, env, event });
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output}`);
    const seconds = (performance.now() - began) / 1000 - (await trainingSeconds(outputs[trainedIn]));
    sum += seconds;
    console.log(`${name.padEnd(9)} ${seconds.toFixed(2)} s${trainedIn && " without training itself"}`);
    return outputs;
  }

  async function trainingSeconds(candidate: string | undefined): Promise<number> {
    if (candidate === undefined) return 0;
    const text = await readFile(join(repository.path, candidate, "candidate.json"), "utf8");
    return Candidate.parse(JSON.parse(text)).seconds;
  }

  const model = { model: "iris" };
  await step("plan", { models: "iris" });
  const trained = await step("train", model, { trainedIn: "candidate" });
  const { candidate = "", "model-digest": digest = "", "package-uri": packageUri = "" } = trained;
  const made = { ...model, candidate, "model-digest": digest };
  await step("evaluate", { ...made, role: "test" });
  await step("gate", model);
  await step("register", { ...made, "package-uri": packageUri, evaluation: "evaluation", verdict: "verdict.json" });
  await step("promote", { token: road.hub.token(promoting) });
  console.log(`from push to manifest commit ${sum.toFixed(2)} s without training`);
}
