/** What the studio shows of each verb: its family, its place in the list of steps, a new step, and its summary in one line. */
import type { Verb } from "./language";
import { asText } from "./text";
import { isMap } from "./path";

export type VerbKind = "stripe" | "rows" | "message" | "flow" | "time" | "outside" | "value" | "end";

export type VerbGroup = "Flow" | "Data" | "Messages and calls" | "Answers" | "Stripe" | "Workflows" | "Python";

/** What the studio knows of a verb beyond what the server's catalog says. */
export interface VerbInfo {
  /** The family that colors it on the canvas. */
  kind: VerbKind;
  /** Where the list of steps shows it, its title there, and other words that find it. */
  group: VerbGroup;
  title: string;
  words: string[];
  /** What a new step is called, if its value is worth a name. */
  id: string | null;
  /** A new step. A to-do is an empty text: the checker flags it, and the form says what is wanted. */
  step: Record<string, unknown>;
}

const text = (words: string): Record<string, unknown> => ({ log: words });

export const VERB_INFO: Record<Verb, VerbInfo> = {
  stripe: {
    kind: "stripe",
    group: "Stripe",
    title: "Call Stripe",
    id: "result",
    words: ["api", "payment"],
    step: { stripe: "" },
  },
  select: {
    kind: "rows",
    group: "Data",
    title: "Read rows",
    id: "row",
    words: ["get", "find", "query", "table", "database"],
    step: { select: "", where: {}, one: "required" },
  },
  insert: {
    kind: "rows",
    group: "Data",
    title: "Add a row",
    id: "row",
    words: ["create", "table", "database"],
    step: { insert: "", values: {} },
  },
  update: {
    kind: "rows",
    group: "Data",
    title: "Change a row",
    id: null,
    words: ["edit", "set", "table", "database"],
    step: { update: "", where: {}, set: {} },
  },
  upsert: {
    kind: "rows",
    group: "Data",
    title: "Add or change a row",
    id: null,
    words: ["merge", "table", "database"],
    step: { upsert: "", key: "", values: {} },
  },
  delete: {
    kind: "rows",
    group: "Data",
    title: "Remove a row",
    id: null,
    words: ["drop", "table", "database"],
    step: { delete: "", where: {} },
  },
  email: {
    kind: "message",
    group: "Messages and calls",
    title: "Send an email",
    id: null,
    words: ["mail", "message", "notify"],
    step: { email: "", to: "" },
  },
  http: {
    kind: "outside",
    group: "Messages and calls",
    title: "Call a web address",
    id: "answer",
    words: ["request", "webhook", "fetch", "api", "rest"],
    step: { http: "POST https://" },
  },
  call: {
    kind: "outside",
    group: "Workflows",
    title: "Call a workflow",
    id: "result",
    words: ["run", "sub", "function"],
    step: { call: "" },
  },
  python: {
    kind: "outside",
    group: "Python",
    title: "Call a Python function",
    id: "result",
    words: ["code", "script", "custom"],
    step: { python: "" },
  },
  switch: {
    kind: "flow",
    group: "Flow",
    title: "Switch",
    id: null,
    words: ["case", "branch", "multi option split"],
    step: { switch: "event.action", cases: { value: [text("this case")] }, default: "stop" },
  },
  if: {
    kind: "flow",
    group: "Flow",
    title: "If, else",
    id: null,
    words: ["condition", "branch", "true false split"],
    step: { if: "", then: [text("the condition holds")] },
  },
  filter: {
    kind: "flow",
    group: "Flow",
    title: "Continue only if",
    id: null,
    words: ["condition", "stop", "pass through"],
    step: { filter: "" },
  },
  ensure: {
    kind: "flow",
    group: "Flow",
    title: "Fail unless",
    id: null,
    words: ["condition", "assert", "require", "check", "guard"],
    step: { ensure: "", message: "" },
  },
  for_each: {
    kind: "flow",
    group: "Flow",
    title: "For each item",
    id: null,
    words: ["loop", "iterate", "list", "map"],
    step: { for_each: "", as: "item", do: [text("one more")] },
  },
  while: {
    kind: "flow",
    group: "Flow",
    title: "While",
    id: null,
    words: ["loop", "repeat"],
    step: { while: "", max: 100, do: [text("one more round")] },
  },
  try: {
    kind: "flow",
    group: "Flow",
    title: "Try, and catch errors",
    id: null,
    words: ["error", "exception", "handle"],
    step: { try: [text("what may fail")], catch: [{ do: [{ log: "${{ error.message }}", level: "error" }] }] },
  },
  parallel: {
    kind: "flow",
    group: "Flow",
    title: "At the same time",
    id: null,
    words: ["concurrent", "branch", "both"],
    step: { parallel: { one: [text("one")], other: [text("other")] } },
  },
  wait: {
    kind: "time",
    group: "Flow",
    title: "Wait",
    id: null,
    words: ["sleep", "delay", "pause"],
    step: { wait: "1h" },
  },
  wait_for: {
    kind: "time",
    group: "Flow",
    title: "Wait for an event",
    id: "found",
    words: ["webhook", "until", "pause"],
    step: { wait_for: { stripe: "", match: "", timeout: "1h" } },
  },
  approve: {
    kind: "time",
    group: "Flow",
    title: "Ask for approval",
    id: "answer",
    words: ["approval", "human", "review", "confirm"],
    step: { approve: "", roles: ["admin"], timeout: "2d" },
  },
  let: {
    kind: "value",
    group: "Data",
    title: "Set variables",
    id: null,
    words: ["set", "assign", "variable"],
    step: { let: { name: "" } },
  },
  log: {
    kind: "value",
    group: "Messages and calls",
    title: "Write to the log",
    id: null,
    words: ["print", "debug"],
    step: { log: "" },
  },
  return: {
    kind: "end",
    group: "Answers",
    title: "Return a response",
    id: null,
    words: ["end", "respond", "result", "output", "answer"],
    step: { return: {} },
  },
  respond: {
    kind: "end",
    group: "Answers",
    title: "Respond and continue",
    id: null,
    words: ["response", "answer", "async", "202"],
    step: { respond: {} },
  },
  raise: {
    kind: "end",
    group: "Answers",
    title: "Fail with an error",
    id: null,
    words: ["throw", "error", "abort"],
    step: { raise: { status: 400, code: "", message: "" } },
  },
};

const BY_NAME: ReadonlyMap<string, VerbInfo> = new Map(Object.entries(VERB_INFO));

export const verbInfo = (name: string | null): VerbInfo | null => (name === null ? null : (BY_NAME.get(name) ?? null));

export function verbOf(step: unknown): string | null {
  if (!isMap(step)) return null;
  return Object.keys(step).find((key) => BY_NAME.has(key)) ?? null;
}

/** The text without a `${{ }}` around all of it. */
export function bare(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value.trim() : JSON.stringify(value);
  const whole = /^\$\{\{(.*)\}\}$/s.exec(text);
  return whole?.[1] !== undefined && !whole[1].includes("${{") ? whole[1].trim() : text;
}

const keys = (value: unknown): string => (isMap(value) ? Object.keys(value).join(", ") : "");
const list = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(", ") : bare(value));
const joined = (...parts: string[]): string => parts.filter(Boolean).join(" · ");
const word = (label: string, text: string): string => (text === "" ? "" : `${label} ${text}`);

/** The value of the verb: `refunds.create`, `orders`, a condition. */
export function target(name: string, step: Record<string, unknown>): string {
  const value = step[name];
  switch (name) {
    case "for_each":
      return `${asText(step["as"] ?? "item")} in ${bare(value)}`;
    case "try":
    case "return":
    case "respond":
      return "";
    case "switch":
      return value === null || value === undefined ? "first that holds" : bare(value);
    case "parallel":
      return keys(value);
    case "let":
      return keys(value);
    case "raise":
      return isMap(value) ? bare(value["code"]) : "";
    case "wait_for":
      return isMap(value) ? joined(bare(value["stripe"]), list(value["actions"] ?? "")) : "";
    default:
      return bare(value);
  }
}

/** The second line of a card. */
export function detail(name: string, step: Record<string, unknown>): string {
  const value = step[name];
  switch (name) {
    case "stripe":
    case "call":
    case "python":
      return word("with", keys(step["with"]));
    case "select":
      return joined(word("where", keys(step["where"])), bare(step["one"]) && `one ${bare(step["one"])}`);
    case "insert":
    case "upsert":
      return word("values", keys(step["values"]) || bare(step["values"]));
    case "update":
      return joined(word("set", keys(step["set"])), word("where", keys(step["where"])));
    case "delete":
      return word("where", keys(step["where"]));
    case "email":
      return word("to", list(step["to"] ?? ""));
    case "return":
    case "respond":
      return isMap(value) ? keys(value) : bare(value);
    case "raise":
      return isMap(value) ? bare(value["message"]) : "";
    case "approve":
      return joined(word("by", list(step["roles"] ?? "")), word("within", bare(step["timeout"] ?? "")));
    case "wait_for":
      return isMap(value) ? joined(bare(value["match"]), word("within", bare(value["timeout"]))) : "";
    case "for_each":
      return Number(step["concurrency"] ?? 1) > 1 ? `${bare(step["concurrency"])} at a time` : "";
    case "while":
      return word("at most", bare(step["max"]));
    case "http":
      return keys(step["body"]) && word("body", keys(step["body"]));
    case "log":
      return step["level"] === undefined ? "" : bare(step["level"]);
    default:
      return "";
  }
}
