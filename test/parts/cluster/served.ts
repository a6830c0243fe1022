import { z } from "zod";
import { flower } from "#test/parts/iris-served.ts";
import { getJson } from "./kubectl.ts";

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ deletionTimestamp: z.string().optional() }),
      status: z.object({
        podIP: z.string().optional(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
});
const Answer = z.object({ class: z.string(), model: z.object({ version: z.string(), digest: z.string() }) });

/** What each pod of iris in dev that is ready answers: the class of a flower, and which model says so. */
export async function servedByPods(): Promise<{ class: string; version: string; digest: string }[]> {
  const answers = await askPods(JSON.stringify(flower));
  return await Promise.all(
    answers.map(async (answer) => {
      const { class: best, model } = Answer.parse(await answer.json());
      return { class: best, ...model };
    }),
  );
}

/** Asks each of these pods for a prediction. */
export async function askPods(body: string): Promise<Response[]> {
  const selector = "app.kubernetes.io/instance=iris";
  const { items } = Pods.parse(await getJson("pods", "--namespace=models-dev", `--selector=${selector}`));
  const ready = items.filter(
    ({ metadata, status: { conditions } }) =>
      !metadata.deletionTimestamp && conditions.some(({ type, status }) => type === "Ready" && status === "True"),
  );
  return await Promise.all(
    ready.map(({ status }) => {
      const headers = { "content-type": "application/json" };
      return fetch(`http://${status.podIP}:8000/predict`, { method: "POST", headers, body });
    }),
  );
}
