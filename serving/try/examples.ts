import { z } from "zod";

const Example = z.object({ example: z.json() }).transform(({ example }) => [example]);
const Examples = z
  .object({ examples: z.record(z.string(), z.object({ value: z.json() })) })
  .transform(({ examples }) => Object.values(examples).map(({ value }) => value));
const Body = z.object({ content: z.object({ "application/json": z.union([Example, Examples]) }) });
const OpenApi = z.object({ paths: z.object({ "/predict": z.object({ post: z.object({ requestBody: Body }) }) }) });

/** The bodies that a server's API document gives as examples of `POST /predict`; `undefined` where there is no model. */
export function documentedExamples(document: unknown): unknown[] | undefined {
  const parsed = OpenApi.safeParse(document);
  return parsed.success ? parsed.data.paths["/predict"].post.requestBody.content["application/json"] : undefined;
}
