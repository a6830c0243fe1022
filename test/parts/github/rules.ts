import type { Caller, Rule, Ruleset, State } from "./state.ts";

/** Why a change of a branch is refused: by a ruleset or by the older branch protection, in GitHub's words. */
export interface Violation {
  readonly by: "ruleset" | "protection";
  readonly message: string;
}

export interface BranchChange {
  readonly branch: string;
  readonly kind: "create" | "update" | "force" | "delete";
  readonly isSigned: boolean;
}

/** What keeps a caller from changing a branch directly, if anything. */
export function violationOf(state: State, caller: Caller, change: BranchChange): Violation | undefined {
  const broken = rulesOf(state, change.branch)
    .filter(({ ruleset }) => !ruleset.bypass?.includes(caller.account.login))
    .map(({ rule }) => breaks(rule, change))
    .filter((message) => message !== undefined);
  if (broken.length > 0) {
    return { by: "ruleset", message: `Repository rule violations found\n\n${broken.join("\n\n")}\n\n` };
  }
  const protection = state.protectedBranches.find(({ branch }) => branch === change.branch);
  if (!protection || protection.bypass?.includes(caller.account.login)) return undefined;
  return { by: "protection", message: "Changes must be made through a pull request." };
}

/** The active rules for a branch, each with its ruleset. */
export function rulesOf(state: State, branch: string): { rule: Rule; ruleset: Ruleset; id: number }[] {
  return state.rulesets.flatMap((ruleset, index) => {
    const isMeant = ruleset.branches.some(
      (pattern) => pattern === branch || pattern === "~ALL" || (pattern === "~DEFAULT_BRANCH" && branch === "main"),
    );
    if (!isMeant || (ruleset.enforcement ?? "active") !== "active") return [];
    return ruleset.rules.map((rule) => ({ rule, ruleset, id: index + 1 }));
  });
}

function breaks(rule: Rule, { kind, isSigned }: BranchChange): string | undefined {
  const isPush = kind === "update" || kind === "force";
  switch (rule.type) {
    case "pull_request":
      return isPush ? "Changes must be made through a pull request." : undefined;
    case "required_status_checks": {
      const { length } = rule.contexts;
      if (!isPush) return undefined;
      return length === 1
        ? `Required status check "${rule.contexts[0]}" is expected.`
        : `${length} of ${length} required status checks are expected.`;
    }
    case "required_signatures":
      return isPush && !isSigned ? "Commits must have verified signatures." : undefined;
    case "non_fast_forward":
      return kind === "force" ? "Cannot force-push to this branch" : undefined;
    case "creation":
      return kind === "create" ? "Cannot create ref due to creations being restricted." : undefined;
    case "deletion":
      return kind === "delete" ? "Cannot delete this branch" : undefined;
    case "required_linear_history":
      return undefined; // every operation of the emulator keeps it
  }
}
