import type { LayersModel } from "@tensorflow/tfjs-layers";

type Layer = LayersModel["layers"][number];

const plainHeader = ["Layer (type)", "Output Shape", "Param #"];
const plainWidths = [31, 22, 13]; // Keras' columns in a terminal of 80; longer words widen them instead of being cut
const graphHeader = [...plainHeader, "Connected to"];
const graphWidths = [19, 17, 10, 17];

/** `model_summary.txt`: what Keras 3 prints for `model.summary()` of the same model. */
export function modelSummary(model: LayersModel): string {
  const isChain = model.layers.every((layer, index) => index === 0 || isAfter(layer, model.layers[index - 1]));
  const rows = model.layers.map((layer) => {
    const cells = [
      `${layer.name} (${layer.getClassName()})`,
      shapeText(layer),
      layer.countParams().toLocaleString("en-US"),
    ];
    return isChain
      ? cells
      : [
          ...cells,
          sources(layer)
            .map(({ name }) => `${name}[0][0]`)
            .join(", ") || "-",
        ];
  });
  const trainable = parameters(model.trainableWeights);
  const frozen = parameters(model.nonTrainableWeights);
  return [
    `Model: "${model.name}"`,
    ...table(isChain ? plainHeader : graphHeader, rows, isChain ? plainWidths : graphWidths),
    ` Total params: ${countAndSize(trainable + frozen)}`,
    ` Trainable params: ${countAndSize(trainable)}`,
    ` Non-trainable params: ${countAndSize(frozen)}`,
    "",
  ].join("\n");
}

function table(header: readonly string[], rows: readonly (readonly string[])[], minimum: readonly number[]): string[] {
  const widths = minimum.map((width, column) => Math.max(width, ...rows.map((row) => longestWord(row[column] ?? ""))));
  const rule = ([left, dash = "", cross, right]: string) =>
    left + widths.map((width) => dash.repeat(width + 2)).join(cross) + right;
  const row = (cells: readonly string[], bar: string) => {
    const wrapped = widths.map((width, column) => wrap(cells[column] ?? "", width));
    return Array.from({ length: Math.max(...wrapped.map((lines) => lines.length)) }, (_, line) => {
      const texts = widths.map((width, column) => ` ${aligned(wrapped[column]?.[line] ?? "", width, column)} `);
      return bar + texts.join(bar) + bar;
    });
  };
  const body = rows.flatMap((cells, index) => [...(index > 0 ? [rule("├─┼┤")] : []), ...row(cells, "│")]);
  return [rule("┏━┳┓"), ...row(header, "┃"), rule("┡━╇┩"), ...body, rule("└─┴┘")];
}

function longestWord(text: string): number {
  return Math.max(...wrap(text, 0).map((word) => word.length));
}

/** Lines of whole words, as many as fit into `width` but at least one. A shape in parentheses is one word. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<!\([^)]*) /)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function aligned(text: string, width: number, column: number): string {
  return column === plainHeader.indexOf("Param #") ? text.padStart(width) : text.padEnd(width);
}

function shapeText(layer: Layer): string {
  const [first] = layer.outputShape;
  const shape = Array.isArray(first) ? first : layer.outputShape;
  return `(${shape.map((length) => length ?? "None").join(", ")})`;
}

function sources(layer: Layer): Layer[] {
  return layer.inboundNodes.flatMap((node) => node.inboundLayers);
}

function isAfter(layer: Layer, before: Layer | undefined): boolean {
  const [only, ...others] = sources(layer);
  return others.length === 0 && only === before;
}

function parameters(weights: LayersModel["weights"]): number {
  return weights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((product, length) => product * (length ?? 1), 1),
    0,
  );
}

function countAndSize(count: number): string {
  let size = 4 * count; // float32
  let unit = 0;
  while (size >= 1024 && unit < 3) {
    size /= 1024;
    unit++;
  }
  return `${count.toLocaleString("en-US")} (${size.toFixed(2)} ${["B", "KB", "MB", "GB"][unit]})`;
}
