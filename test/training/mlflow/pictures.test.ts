import { describe, expect, it } from "vitest";
import { drawConfusion } from "#training/mlflow/confusion-picture.ts";
import { drawCurves } from "#training/mlflow/curves-picture.ts";

/** The words of a picture, in the order of drawing. */
const words = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);

describe("learning curves", () => {
  const point = (epoch: number) => ({
    epoch,
    loss: 1 / epoch,
    accuracy: 1 - 0.5 / epoch,
    validationLoss: 1.1 / epoch,
    validationAccuracy: 0.5,
    seconds: 1,
  });

  it("are titled, named, and marked at the best epoch", async () => {
    const svg = await drawCurves([1, 2, 3].map(point), { title: "iris: learning curves", bestEpoch: 2 });
    expect(svg).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    const texts = words(svg);
    for (const text of ["iris: learning curves", "train", "validation", "loss (nats)", "accuracy", "epoch", "epoch 2"])
      expect(texts).toContain(text);
    expect(texts).toContain("best epoch 2 of 3: validation loss 0.5500, accuracy 50.0 %");
  });

  it("of one epoch, and of a run that diverged, are drawn too", async () => {
    const diverged = { ...point(2), loss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY };
    for (const curves of [[point(1)], [point(1), diverged, point(3)]]) {
      const svg = await drawCurves(curves, { title: "t", bestEpoch: 1 });
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });
});

describe("a confusion matrix", () => {
  it("has each count in its cell, row by row", async () => {
    const svg = await drawConfusion(
      [
        [10, 1, 0],
        [2, 9, 3],
        [0, 4, 8],
      ],
      { title: "iris <&>", classes: ["a", "b", "c"] },
    );
    const texts = words(svg);
    expect(texts).toContain("iris &lt;&amp;&gt;");
    expect(texts).toContain("27 of 37 right (73.0 %)");
    expect(texts.slice(texts.indexOf("10"), texts.indexOf("10") + 9)).toEqual([
      "10",
      "1",
      "0",
      "2",
      "9",
      "3",
      "0",
      "4",
      "8",
    ]);
    for (const text of ["true class", "predicted class"]) expect(texts).toContain(text);
  });

  it("of many classes goes without counts, and one of no examples has no share", async () => {
    const classes = Array.from({ length: 30 }, (_, index) => `class ${index}`);
    const svg = await drawConfusion(
      classes.map(() => classes.map(() => 0)),
      { title: "t", classes },
    );
    expect(words(svg)).toContain("0 of 0 right");
    expect(words(svg)).not.toContain("0");
  });
});
