import { expect, test } from "vitest";
import { addResource, listResources, removeResource } from "#actions/gitops/resources.ts";

const source = `# Ours
resources:
  - ../../base
  - resource-quotas.yaml # how much
namespace: training-dev # last
`;

test("an entry is added at the end of the list, and removed again, every other byte as it was", () => {
  const added = addResource(source, "jobs/train-iris-0123456789abcdef-1.yaml");
  expect(added).toBe(source.replace("# how much\n", "# how much\n  - jobs/train-iris-0123456789abcdef-1.yaml\n"));
  expect(removeResource(added, "jobs/train-iris-0123456789abcdef-1.yaml")).toBe(source);
});

test("what is there is not added, and what is not there is not removed", () => {
  expect(addResource(source, "../../base")).toBe(source);
  expect(removeResource(source, "jobs/none.yaml")).toBe(source);
});

test("an entry at the very end, without a line end, gets one", () => {
  const bare = "resources:\n- a.yaml";
  expect(addResource(bare, "b.yaml")).toBe("resources:\n- a.yaml\n- b.yaml\n");
});

test("Windows' line ends stay", () => {
  expect(addResource("resources:\r\n- a.yaml\r\n", "b.yaml")).toBe("resources:\r\n- a.yaml\r\n- b.yaml\r\n");
});

test.each([
  ["resources: [a.yaml]", "in a line of its own"],
  ["resources: []", "is empty"],
  ["kind: Kustomization", "is no list"],
  ["resources:\n- { a: b }", "is no path"],
])("%s is refused", (text, problem) => {
  expect(() => addResource(text, "b.yaml")).toThrow(problem);
});

test("names that begin alike are told apart", () => {
  const two = "resources:\n- jobs/a-1.yaml\n- jobs/a-10.yaml\n";
  expect(listResources(removeResource(two, "jobs/a-1.yaml"))).toEqual(["jobs/a-10.yaml"]);
});
