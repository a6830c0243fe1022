import { benchStarts } from "./actions/starts.ts";

// What an action costs beside its work
await benchStarts();
