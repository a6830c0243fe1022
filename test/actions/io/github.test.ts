import { expect, test } from "vitest";
import { createGitHub } from "#actions/io/github.ts";
import { answering } from "#test/parts/answering.ts";

function client(apiUrl: string) {
  const lines: string[] = [];
  return { github: createGitHub({ token: "t0ken", apiUrl, info: (line) => lines.push(line) }), lines };
}

const repository = { owner: "octo", repo: "models" };

test("a secondary rate limit is waited for as long as GitHub says, and told", async () => {
  await using server = await answering((_request, response, count) => {
    response.setHeader("content-type", "application/json");
    if (count > 1) return response.end('{"default_branch":"main"}');
    response.writeHead(403, { "retry-after": "1" });
    return response.end('{"message":"You have exceeded a secondary rate limit."}');
  });
  const { github, lines } = client(server.uri);
  expect((await github.rest.repos.get(repository)).data.default_branch).toBe("main");
  expect(server.seen).toHaveLength(2);
  expect(lines).toEqual([
    expect.stringContaining("secondary rate limit is reached at GET /repos/{owner}/{repo}: waiting 1 s"),
  ]);
});

test("a wait that is longer than a job should last is not begun", async () => {
  await using server = await answering((_request, response) => {
    response.writeHead(403, { "content-type": "application/json", "retry-after": "3600" });
    response.end('{"message":"You have exceeded a secondary rate limit."}');
  });
  const { github, lines } = client(server.uri);
  await expect(github.rest.repos.get(repository)).rejects.toMatchObject({ status: 403 });
  expect(server.seen).toHaveLength(1);
  expect(lines).toEqual([expect.stringContaining("giving up, it asks for 3600 s")]);
});

test("a server error is retried, a refusal is not", async () => {
  await using broken = await answering((_request, response, count) => {
    response.writeHead(count > 1 ? 200 : 502, { "content-type": "application/json" });
    response.end('{"default_branch":"main"}');
  });
  expect((await client(broken.uri).github.rest.repos.get(repository)).status).toBe(200);
  expect(broken.seen).toHaveLength(2);

  await using refusing = await answering((_request, response) => {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"message":"Not Found"}');
  });
  await expect(client(refusing.uri).github.rest.repos.get(repository)).rejects.toMatchObject({ status: 404 });
  expect(refusing.seen).toHaveLength(1);
});
