// actions/create-github-app-token: gives the token that the harness made for the App
import { z } from "zod";
import { inputsOf, record, setOutput, variable } from "./inputs.ts";

const { "private-key": _, ...inputs } = inputsOf({
  "client-id": z.string().optional(),
  "app-id": z.string().optional(),
  "private-key": z.string(),
  owner: z.string().optional(),
  repositories: z.string().optional(),
  "permission-contents": z.string().optional(),
  "permission-pull-requests": z.string().optional(),
});
await record("app-token", inputs);
const token = variable("STAND_IN_APP_TOKEN");
console.log(`::add-mask::${token}`);
await setOutput("token", token);
