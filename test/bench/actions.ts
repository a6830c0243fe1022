import { withOwnMlflow } from "#test/parts/own-mlflow.ts";
import { benchPromoteWall } from "./actions/promote-wall.ts";
import { benchRoad } from "./actions/road.ts";
import { benchStarts } from "./actions/starts.ts";

// What the actions cost beside training
await benchStarts();
await withOwnMlflow(async ({ uri }) => {
  await benchRoad(uri);
  await benchPromoteWall(uri);
});
