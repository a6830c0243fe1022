/** What a check found. `about` is what was looked at, `reason` what there is, `remedy` what to do. */
export type Finding =
  | { kind: "ok"; about: string; reason: string }
  | { kind: "advice"; about: string; reason: string; remedy: string } // it works, and could be better or safer
  | { kind: "unknown"; about: string; reason: string; remedy: string } // it can't be told from here, or with this token
  | { kind: "problem"; about: string; reason: string; remedy: string };

/** Constructors of findings about one thing. */
export function findingsAbout(about: string) {
  return {
    ok: (reason: string): Finding => ({ kind: "ok", about, reason }),
    advice: (reason: string, remedy: string): Finding => ({ kind: "advice", about, reason, remedy }),
    unknown: (reason: string, remedy: string): Finding => ({ kind: "unknown", about, reason, remedy }),
    problem: (reason: string, remedy: string): Finding => ({ kind: "problem", about, reason, remedy }),
  };
}
