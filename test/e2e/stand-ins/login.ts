// docker/login-action: notes who would log in, and keeps the password to itself
import { z } from "zod";
import { inputsOf, record } from "./inputs.ts";

const { registry, username } = inputsOf({
  registry: z.string(),
  username: z.string(),
  password: z.string(),
  logout: z.string().optional(),
});
await record("login", { registry, username });
