// actions/attest: notes what would be attested
import { z } from "zod";
import { inputsOf, record } from "./inputs.ts";

const inputs = inputsOf({ "subject-path": z.string().optional(), "subject-digest": z.string().optional() });
await record("attest", inputs);
