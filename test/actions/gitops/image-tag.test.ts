import { expect, test } from "vitest";
import { imageTag } from "#actions/gitops/image-tag.ts";

const hex = (character: string) => `sha256:${character.repeat(64)}`;

test("the tag names the model and both digests, and any registry takes it", () => {
  const tag = imageTag({ model: "iris", modelDigest: hex("a"), server: hex("b") });
  expect(tag).toBe("iris-aaaaaaaaaaaa-bbbbbbbbbbbb");
  expect(tag).toMatch(/^[\w][\w.-]{0,127}$/);
});

test("another model or another server gives another tag", () => {
  const content = { model: "iris", modelDigest: hex("a"), server: hex("b") };
  const tags = [content, { ...content, modelDigest: hex("c") }, { ...content, server: hex("c") }].map(imageTag);
  expect(new Set(tags).size).toBe(3);
});
