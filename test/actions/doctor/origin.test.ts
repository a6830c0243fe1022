import { expect, test } from "vitest";
import { parseRemote } from "#actions/doctor/origin.ts";

test.each([
  ["https://github.com/octo/models.git", { owner: "octo", repo: "models" }],
  ["https://github.com/octo/models", { owner: "octo", repo: "models" }],
  ["https://user:token@github.com/octo/models.git", { owner: "octo", repo: "models" }],
  ["git@github.com:octo/models.git", { owner: "octo", repo: "models" }],
  ["ssh://git@github.com/octo/my.models.git", { owner: "octo", repo: "my.models" }],
  [
    "https://github.example:8443/octo/models.git",
    { owner: "octo", repo: "models", apiUrl: "https://github.example/api/v3" },
  ],
  ["git@github.example:octo/models.git", { owner: "octo", repo: "models", apiUrl: "https://github.example/api/v3" }],
  ["/srv/git/models.git", undefined],
  ["https://example.com/models.git", undefined],
])("the remote %s", (remote, expected) => {
  expect(parseRemote(remote)).toEqual(expected);
});
