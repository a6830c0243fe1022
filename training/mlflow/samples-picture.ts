import { encode } from "fast-png";

/** An image and what a model says of it. */
export interface Sample {
  pixels: Uint8Array; // row by row, red, green and blue of each pixel
  label: string;
  predicted: string;
  probability: number; // of the predicted class
}

export interface Samples {
  width: number; // of each image, in pixels
  height: number;
  right: readonly Sample[];
  wrong: readonly Sample[];
}

const perRow = 8;
const picture = 96; // side of an image in the drawing
const cell = { width: picture + 28, height: picture + 52 };
const margin = 24;
const sectionHeight = 36;

/** Images that a model got right and wrong, with its answers, as SVG. */
export function drawSamples({ right, wrong, width, height }: Samples, { title }: { title: string }): string {
  const sections = [
    { name: "wrong", colour: "#dc2626", samples: wrong },
    { name: "right", colour: "#16a34a", samples: right },
  ].filter(({ samples }) => samples.length > 0);
  let top = 72;
  const parts = sections.map(({ name, colour, samples }) => {
    const heading = `<text x="${margin}" y="${top + 14}" font-size="14" font-weight="600" fill="${colour}">${name}</text>`;
    const cells = samples.map((sample, index) => {
      const x = margin + (index % perRow) * cell.width;
      const y = top + sectionHeight - 8 + Math.floor(index / perRow) * cell.height;
      return drawSample(sample, { x, y, width, height, colour });
    });
    top += sectionHeight + Math.ceil(samples.length / perRow) * cell.height;
    return [heading, ...cells].join("\n");
  });
  const across = 2 * margin + perRow * cell.width;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${across}" height="${top}" viewBox="0 0 ${across} ${top}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">
<rect width="100%" height="100%" fill="white"/>
<text x="${margin}" y="34" font-size="16" font-weight="600" fill="#1f2937">${escaped(title)}</text>
<text x="${margin}" y="54" font-size="12" fill="#4b5563">the model's answer and its probability; where it is wrong, the true class below</text>
${parts.join("\n")}
</svg>
`;
}

interface Place {
  x: number;
  y: number;
  width: number; // of the image, in its own pixels
  height: number;
  colour: string;
}

function drawSample({ pixels, label, predicted, probability }: Sample, { x, y, width, height, colour }: Place): string {
  const png = encode({ width, height, data: pixels, channels: 3, depth: 8 });
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const answer = `${escaped(shortened(predicted))} ${Math.round(100 * probability)} %`;
  const truth = label === predicted ? "" : `is ${escaped(shortened(label))}`;
  return `<image x="${x}" y="${y}" width="${picture}" height="${picture}" href="${source}" style="image-rendering: pixelated"/>
<rect x="${x - 1}" y="${y - 1}" width="${picture + 2}" height="${picture + 2}" fill="none" stroke="${colour}" stroke-width="2"/>
<text x="${x}" y="${y + picture + 16}" font-size="12" fill="#1f2937">${answer}</text>
<text x="${x}" y="${y + picture + 31}" font-size="12" fill="#6b7280">${truth}</text>`;
}

function shortened(name: string): string {
  return name.length > 13 ? `${[...name].slice(0, 12).join("")}…` : name;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/\p{Cc}/gu, " ");
}
