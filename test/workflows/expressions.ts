import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { truthy } from "@actions/expressions/result";

/** What an expression can see: contexts by name, such as `github` and `vars`, as plain data. */
export type Contexts = Readonly<Record<string, unknown>>;

/** What the status functions of an `if` look at: whether what the job needs succeeded, and whether the run was cancelled. */
export interface Status {
  failed: boolean;
  cancelled: boolean;
}

const statusFunctions = ["success", "failure", "cancelled", "always"];

/** The text that GitHub's own evaluator makes of a value with `${{ }}` in it. */
export function evaluated(text: unknown, contexts: Contexts): string {
  return String(text).replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    resultOf(expression, contexts).coerceString(),
  );
}

/** Whether a job or step with this `if` runs. One that names no status function needs success besides, as on GitHub. */
export function runs(condition: unknown, contexts: Contexts, status: Status): boolean {
  const text = String(condition ?? "").replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1");
  const isAsked = statusFunctions.some((name) => text.includes(`${name}(`));
  if (!isAsked && (status.failed || status.cancelled)) return false;
  return text === "" || truthy(resultOf(text, contexts, status));
}

function resultOf(expression: string, contexts: Contexts, status?: Status): data.ExpressionData {
  const answers: Record<string, boolean> = {
    success: !status?.failed && !status?.cancelled,
    failure: status?.failed === true,
    cancelled: status?.cancelled === true,
    always: true,
  };
  const functions = [
    ...statusFunctions.map((name) => constant(name, new data.BooleanData(answers[name] === true))),
    constant("hashFiles", new data.StringData("hash")),
  ];
  const dictionary = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  return new Evaluator(parsed, dictionary, new Map(functions.map((one) => [one.name.toLowerCase(), one]))).evaluate();
}

function constant(name: string, value: data.ExpressionData) {
  return { name, minArgs: 0, maxArgs: 255, call: () => value };
}
