/** The code commit a promotion was made for. All of it but the SHA is whatever its author typed. */
export interface CodeCommit {
  sha: string;
  author: string;
  email: string;
  date: string; // ISO 8601
  subject: string;
  body: string;
  repositoryUrl?: string | undefined;
}

/** What a commit message tells of one release in its trailers. */
export interface ReleaseTrailers {
  model?: string | undefined;
  runId?: string | undefined;
  version?: string | undefined;
  modelDigest?: string | undefined;
  imageDigest?: string | undefined;
  rolledBack?: string | undefined; // the version that had to go
  rollbackReason?: string | undefined;
}

/** The trailers of a commit that promotes one release; those of more releases follow, each begins with its model. */
export interface Trailers extends ReleaseTrailers {
  commit?: CodeCommit | undefined;
}

const own = {
  model: "Model", // first: it begins a release
  runId: "MLflow-Run",
  version: "Model-Version",
  modelDigest: "Model-Digest",
  imageDigest: "Image-Digest",
  rolledBack: "Rolled-Back",
  rollbackReason: "Rollback-Reason",
} as const;
const reference = "Argocd-reference-commit-";
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const longestBody = 4_000; // characters of the code commit's message that are carried along

/**
 * The trailers of a commit message, a line each. Argo CD shows the code commit from `Argocd-reference-commit-*`: its
 * author as in RFC 5322, its body as a JSON string
 * (https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/#commit-tracking).
 * No value can begin a line of its own, so none can forge a trailer.
 */
export function formatTrailers(trailers: Trailers): string {
  const { commit } = trailers;
  const lines: [string, string | undefined][] = [
    [`${reference}author`, commit && `${displayName(commit.author)} <${address(commit.email)}>`],
    [`${reference}date`, commit?.date],
    [`${reference}subject`, commit?.subject],
    [`${reference}body`, commit?.body ? jsonString(commit.body.slice(0, longestBody)) : undefined],
    [`${reference}sha`, commit?.sha],
    [`${reference}repourl`, commit?.repositoryUrl],
    ...Object.entries(own).map(([key, name]): [string, string | undefined] => [
      name,
      trailers[key as keyof typeof own],
    ]),
  ];
  return lines.flatMap(([name, value]) => (value && oneLine(value) ? [`${name}: ${oneLine(value)}`] : [])).join("\n");
}

/**
 * Reads a commit message's last paragraph back; a part that is absent or damaged is left out. Of several releases it is the
 * one of `model` that is told.
 */
export function parseTrailers(message: string, model?: string): Trailers {
  const lines = (
    message
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? ""
  )
    .split("\n")
    .flatMap((line): [string, string][] => {
      const match = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
      return match ? [[match[1] ?? "", match[2] ?? ""]] : [];
    });
  let about: string | undefined;
  const found = new Map(
    lines.filter(([name, value]) => {
      if (name === own.model) about = value;
      return model === undefined || about === undefined || about === model;
    }),
  );
  const facts = Object.entries(own).flatMap(([key, name]) => (found.has(name) ? [[key, found.get(name)]] : []));
  const commit = codeCommit((part) => found.get(reference + part));
  return { ...(commit ? { commit } : {}), ...Object.fromEntries(facts) };
}

/** Untrusted text on one line: control characters, line breaks of Unicode and marks that reorder text become spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(unprintable, " ").trim().toWellFormed();
}

// Keeps what `oneLine` would blank
function jsonString(text: string): string {
  return JSON.stringify(text).replaceAll(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function codeCommit(part: (name: string) => string | undefined): CodeCommit | undefined {
  const sha = part("sha");
  if (!sha) return undefined;
  const [, quoted, plain, email] = /^(?:"((?:[^"\\]|\\.)*)"|([^"<]*)) ?<([^<>]*)>$/.exec(part("author") ?? "") ?? [];
  const repositoryUrl = part("repourl");
  return {
    sha,
    author: quoted === undefined ? (plain ?? "").trim() : quoted.replace(/\\(.)/g, "$1"),
    email: email ?? "",
    date: part("date") ?? "",
    subject: part("subject") ?? "",
    body: parseBody(part("body")),
    ...(repositoryUrl ? { repositoryUrl } : {}),
  };
}

function parseBody(json: string | undefined): string {
  try {
    const body: unknown = JSON.parse(json ?? '""');
    return typeof body === "string" ? body : "";
  } catch {
    return "";
  }
}

function displayName(author: string): string {
  const name = oneLine(author);
  return /^[\w !#$%&'*+/=?^`{|}~-]*$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}

function address(email: string): string {
  return oneLine(email).replace(/[<>\s]/g, "");
}
