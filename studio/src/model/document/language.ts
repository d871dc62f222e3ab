/** The words of the language. Made by `python -m payloom.workflows.reference`; a test compares it with the code. */

export const VERBS = [
  "stripe",
  "select",
  "insert",
  "update",
  "upsert",
  "delete",
  "email",
  "switch",
  "if",
  "filter",
  "ensure",
  "for_each",
  "while",
  "try",
  "parallel",
  "wait",
  "wait_for",
  "let",
  "log",
  "return",
  "respond",
  "raise",
  "http",
  "call",
  "python",
  "approve",
] as const;
export type Verb = (typeof VERBS)[number];

export const TRIGGERS = ["api", "stripe", "schedule", "manual", "called", "table"] as const;
export type TriggerKind = (typeof TRIGGERS)[number];

/** The keys whose value is an expression without `${{ }}`. */
export const BARE_KEYS: ReadonlySet<string> = new Set([
  "ensure",
  "filter",
  "for_each",
  "if",
  "match",
  "switch",
  "when",
  "while",
]);
/** The keys whose value can be a list of steps. */
export const STEP_LIST_KEYS: ReadonlySet<string> = new Set([
  "catch",
  "default",
  "do",
  "else",
  "finally",
  "notify",
  "on_error",
  "on_timeout",
  "then",
  "try",
]);
/** The keys whose value can be a map of lists of steps. */
export const STEP_MAP_KEYS: ReadonlySet<string> = new Set(["cases", "parallel"]);
/** The words that already mean something in expressions. */
export const RESERVED: ReadonlySet<string> = new Set([
  "context",
  "env",
  "error",
  "event",
  "false",
  "in",
  "inputs",
  "null",
  "object",
  "previous",
  "run",
  "secrets",
  "steps",
  "true",
  "user",
  "vars",
]);
/** The same, in a workflow that starts on a changed row. */
export const ROW_NAMES: ReadonlySet<string> = new Set(["old", "row"]);
