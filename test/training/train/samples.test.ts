import { decode } from "fast-png";
import { expect, test } from "vitest";
import { cifar10Files, classes, loadCifar10Files } from "#test/parts/cifar10.ts";
import { loadIris } from "#test/parts/iris-training.ts";
import { drawSamples } from "#training/mlflow/samples-picture.ts";
import { pickSamples } from "#training/train/samples.ts";

const dataset = await loadCifar10Files(cifar10Files());
const { validation } = dataset;

/** Answers that are right for the first `right` images and one class off for the others, each with 70 %. */
function answers(right: number): Float32Array {
  const probabilities = new Float32Array(validation.length * 10).fill(0.3 / 9);
  for (let index = 0; index < validation.length; index++) {
    probabilities[index * 10 + ((validation.label(index) + Number(index >= right)) % 10)] = 0.7;
  }
  return probabilities;
}

test("samples are images of their own with the model's answer, right and wrong ones apart", async () => {
  const samples = await pickSamples(dataset, answers(5));
  expect(samples).toMatchObject({ width: 32, height: 32 });
  expect(samples?.right).toHaveLength(5);
  expect(samples?.wrong).toHaveLength(Math.min(16, validation.length - 5));
  for (const { label, predicted } of samples?.right ?? []) expect(predicted).toBe(label);
  for (const { label, predicted } of samples?.wrong ?? [])
    expect(predicted).toBe(classes[(classes.indexOf(label) + 1) % 10]);
  const { inputs } = await validation.read([0]);
  expect([...(samples?.right[0]?.pixels ?? [])]).toEqual([...inputs].map((value) => Math.round(255 * value)));
  expect(samples?.right[0]?.probability).toBeCloseTo(0.7, 6);
});

test("the picture holds each image, its answer and, where it is wrong, the truth", async () => {
  const samples = await pickSamples(dataset, answers(validation.length - 1));
  if (!samples) throw new Error("images were expected");
  const svg = drawSamples(samples, { title: "cifar10" });
  const images = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)].map(([, text]) =>
    Buffer.from(text ?? "", "base64"),
  );
  expect(images).toHaveLength(1 + samples.right.length);
  expect([...decode(images[0] ?? Buffer.alloc(0)).data]).toEqual([...(samples.wrong[0]?.pixels ?? [])]);
  expect(svg).toContain(`${samples.wrong[0]?.predicted} 70 %`);
  expect(svg.match(/>is [a-z]+</g)).toEqual([`>is ${samples.wrong[0]?.label}<`]);
});

test("class names can't write into the picture", async () => {
  const hostile = '</text><script>alert(1)</script>"&';
  const samples = await pickSamples({ ...dataset, classes: classes.map((name) => `${hostile}${name}`) }, answers(0));
  if (!samples) throw new Error("images were expected");
  const svg = drawSamples(samples, { title: hostile });
  expect(svg).not.toMatch(/<script|"&[^#]/);
});

test("there are no samples of a table", async () => {
  const iris = await loadIris();
  expect(await pickSamples(iris, new Float32Array(iris.validation.length * 3))).toBeUndefined();
});
