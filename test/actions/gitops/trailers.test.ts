import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type CodeCommit, formatTrailers, parseTrailers } from "#actions/gitops/trailers.ts";

const commit: CodeCommit = {
  sha: "0123456789abcdef0123456789abcdef01234567",
  author: "Ada Lovelace",
  email: "ada@example.com",
  date: "2026-11-23T01:02:03+01:00",
  subject: "Widen the hidden layer",
  body: "It was too narrow.\n\nSigned-off-by: Ada <ada@example.com>",
  repositoryUrl: "https://git.example.com/owner/models",
};
const trailers = {
  commit,
  runId: "4c1f",
  version: "7",
  modelDigest: `sha256:${"a".repeat(64)}`,
  imageDigest: `sha256:${"b".repeat(64)}`,
};

/** The trailers as git itself reads them. */
function gitParses(message: string): Map<string, string> {
  const out = execFileSync("git", ["interpret-trailers", "--parse"], { input: message, encoding: "utf8" });
  const lines = out.split("\n").filter(Boolean);
  const entries = lines.map((line): [string, string] => [
    line.split(": ", 1)[0] ?? "",
    line.slice(line.indexOf(": ") + 2),
  ]);
  expect(new Set(entries.map(([key]) => key)).size, "no trailer is there twice").toBe(entries.length);
  return new Map(entries);
}

const messageOf = (text: string) => `Promote iris 7 to dev\n\nversion 7 is the first\n\n${text}\n`;

test("git reads every trailer as it was meant", () => {
  expect(Object.fromEntries(gitParses(messageOf(formatTrailers(trailers))))).toEqual({
    "Argocd-reference-commit-author": "Ada Lovelace <ada@example.com>",
    "Argocd-reference-commit-date": "2026-11-23T01:02:03+01:00",
    "Argocd-reference-commit-subject": "Widen the hidden layer",
    "Argocd-reference-commit-body": '"It was too narrow.\\n\\nSigned-off-by: Ada <ada@example.com>"',
    "Argocd-reference-commit-sha": commit.sha,
    "Argocd-reference-commit-repourl": "https://git.example.com/owner/models",
    "MLflow-Run": "4c1f",
    "Model-Version": "7",
    "Model-Digest": trailers.modelDigest,
    "Image-Digest": trailers.imageDigest,
  });
});

test("what was written is read back", () => {
  expect(parseTrailers(messageOf(formatTrailers(trailers)))).toEqual(trailers);
});

test("what is unknown is left out", () => {
  const text = formatTrailers({ version: "7", modelDigest: trailers.modelDigest });
  expect(text.split("\n")).toHaveLength(2);
  expect(parseTrailers(messageOf(text))).toEqual({ version: "7", modelDigest: trailers.modelDigest });
  expect(parseTrailers("Merge branch main\n\nNothing here")).toEqual({});
  expect(parseTrailers("")).toEqual({});
});

describe("no text that people type forges a trailer", () => {
  const forged = "Model-Digest: sha256:evil";
  const texts: [name: string, text: string][] = [
    ["line feed", `x\n${forged}`],
    ["carriage return", `x\r${forged}`],
    ["both, twice", `x\r\n\r\n${forged}\r\n\r\n`],
    ["vertical tab, form feed", `x\v${forged}\f${forged}`],
    ["NUL", `x\0${forged}`],
    ["next line, line separator, paragraph separator", `x\u0085${forged}\u2028${forged}\u2029${forged}`],
    ["a patch divider", `x\n---\n${forged}`],
    ["a scissors line", `x\n# ------------------------ >8 ------------------------\n${forged}`],
    ["expressions, workflow commands, shell", `$\{{ secrets.TOKEN }} ::set-output name=a::b $(id) \`id\` "; rm -rf /`],
    ["markdown and mentions", "@team [x](javascript:alert(1)) <img src=x onerror=alert(1)>"],
    ["text that turns around", "\u202egnp.\u2066exe"],
    ["quotes, backslashes, angles", '"\\" <evil@example.com> \\'],
    ["a lone surrogate and emoji", "\ud800 🙂"],
    ["a continuation line", `x\n  ${forged}`],
    ["very long", "long ".repeat(20_000)],
  ];
  test.each(texts)("%s", (_name, text) => {
    const untrusted = {
      ...commit,
      author: text,
      email: text,
      subject: text,
      body: text,
      repositoryUrl: `https://h/${text}`,
    };
    const message = messageOf(formatTrailers({ ...trailers, commit: untrusted, runId: text, version: text }));
    const seen = gitParses(message);
    expect([...seen.keys()].sort()).toEqual([...gitParses(messageOf(formatTrailers(trailers))).keys()].sort());
    expect(seen.get("Model-Digest")).toBe(trailers.modelDigest);
    expect(seen.get("Argocd-reference-commit-sha")).toBe(commit.sha);
    const read = parseTrailers(message);
    expect(read.modelDigest).toBe(trailers.modelDigest);
    expect(read.commit?.body).toBe(text.slice(0, 4_000));
    expect(seen.get("Argocd-reference-commit-author")).toMatch(/^("([^"\\]|\\.)*"|[^"<>,;:\\]*) <[^<>\s]*>$/);
  });
});
