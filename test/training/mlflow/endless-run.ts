import { createMlflowClient } from "#training/mlflow/client.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

// A run that never ends by itself: `endless-run.ts JOURNAL TRACKING_URI`
const [journalPath = "", trackingUri = ""] = process.argv.slice(2);
const tracker = createTracker({ journalPath, client: createMlflowClient({ trackingUri }), experiment: "crash" });
for (let step = 1; ; step++) {
  tracker.logMetrics(step, { loss: 1 / step, accuracy: Math.random() });
  await new Promise((resolve) => setTimeout(resolve, 1));
}
