/** What the tests look at, of a PrometheusRule. */
export interface PrometheusRule {
  spec: {
    groups: {
      name: string;
      rules: {
        alert?: string;
        record?: string;
        expr: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
      }[];
    }[];
  };
}

/** Names that are recorded, and all expressions. */
export function alertsAndRecords({ spec }: PrometheusRule): { records: string[]; exprs: string[] } {
  const rules = spec.groups.flatMap((group) => group.rules);
  return { records: rules.flatMap(({ record }) => record ?? []), exprs: rules.map(({ expr }) => expr) };
}

/** Names of the metrics in a PromQL expression: words that are no function, no keyword, no label and no text. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '""')
    .replace(/\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/\[[^\]]*\]/g, "");
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\s*[\w:]*\s*\()/g)].map(([word]) => word);
  const called = new Set([...bare.matchAll(/([a-zA-Z_][\w]*)\s*\(/g)].map(([, name]) => name));
  const keywords = new Set([
    "and",
    "or",
    "unless",
    "by",
    "on",
    "group_left",
    "bool",
    "sum",
    "avg",
    "min",
    "max",
    "count",
  ]);
  return words.filter((word) => !called.has(word) && !keywords.has(word));
}
