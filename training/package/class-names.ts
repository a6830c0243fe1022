/**
 * `class_names.txt`: a class a line, in the order of the model's output.
 * Throws on fewer than two classes, a name twice, and a name that would not survive as a line.
 */
export function formatClassNames(classes: readonly string[]): string {
  checkClassNames(classes);
  return classes.map((name) => `${name}\n`).join("");
}

/** The classes in `class_names.txt`. Throws like `formatClassNames`. */
export function parseClassNames(text: string): string[] {
  const classes = text.split("\n");
  if (classes.pop() !== "") throw new Error("the last line is cut off");
  checkClassNames(classes);
  return classes;
}

function checkClassNames(classes: readonly string[]): void {
  if (classes.length < 2) throw new Error(`${classes.length} class names; a classifier has at least two`);
  for (const [index, name] of classes.entries()) {
    if (/^$|\p{Cc}|\p{Cs}/u.test(name))
      throw new Error(`class ${index + 1}, ${JSON.stringify(name)}, is empty or holds a control character`);
    if (classes.indexOf(name) !== index) throw new Error(`the class ${JSON.stringify(name)} is named twice`);
  }
}
