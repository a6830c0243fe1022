import { describe, expect, it } from "vitest";
import { checkKey, checkLength, truncate } from "#training/mlflow/limits.ts";

describe("names", () => {
  it.each(["loss", "val/loss", "a.b-c_d e:f", "größe", "漢", "x".repeat(250)])("may be %j", (key) => {
    expect(checkKey("metric", key)).toBe(key);
  });
  it.each(["", "a b?", "a\n", "$x", "a//b", "/a", "a/", "../a", "a/./b", ".", "..", "x".repeat(251)])(
    "may not be %j",
    (key) => {
      expect(() => checkKey("param", key)).toThrow(RangeError);
    },
  );
});

describe("texts", () => {
  it("are cut with a mark that counts as a part", () => {
    expect(truncate("short", 6_000)).toBe("short");
    const cut = truncate("😀".repeat(7_000), 6_000);
    expect([...cut]).toHaveLength(6_000);
    expect(cut.endsWith("… [cut: 7000 characters]")).toBe(true);
  });
  it("too long are refused where nobody cut them", () => {
    expect(checkLength("tag x", "😀".repeat(8_000), 8_000)).toHaveLength(16_000);
    expect(() => checkLength("tag x", "y".repeat(8_001), 8_000)).toThrow(
      "tag x has 8001 characters; MLflow keeps 8000",
    );
  });
});
