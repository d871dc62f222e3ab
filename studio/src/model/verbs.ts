/** What the canvas shows of each verb: its label, the family that colors it, and its summary in one line. */
import { asText } from "./text";
import { isMap } from "./path";

export type VerbKind = "stripe" | "rows" | "message" | "flow" | "time" | "outside" | "value" | "end";

export interface VerbInfo {
  verb: string;
  kind: VerbKind;
  label: string;
  /** What it does, in a few words: the simple list of verbs shows it. */
  doc: string;
  /** A new step of this verb. */
  fresh: Record<string, unknown>;
}

const verb = (name: string, kind: VerbKind, label: string, doc: string, fresh: Record<string, unknown>): VerbInfo => ({
  verb: name,
  kind,
  label,
  doc,
  fresh,
});

export const VERBS: readonly VerbInfo[] = [
  verb("stripe", "stripe", "Stripe", "Call Stripe", { stripe: "checkout.sessions.create", with: {} }),
  verb("select", "rows", "Select", "Read rows", { select: "", where: {}, one: "required" }),
  verb("insert", "rows", "Insert", "Add a row", { insert: "", values: {} }),
  verb("update", "rows", "Update", "Change rows", { update: "", where: {}, set: {} }),
  verb("upsert", "rows", "Upsert", "Add a row, or change it", { upsert: "", key: [], values: {} }),
  verb("delete", "rows", "Delete", "Remove rows", { delete: "", where: {} }),
  verb("email", "message", "Email", "Send an email made from a template", { email: "", to: "" }),
  verb("if", "flow", "If", "Run steps if a condition is true", { if: "true", then: [] }),
  verb("switch", "flow", "Switch", "Run the branch that a value names", {
    switch: "event.action",
    cases: {},
    default: "stop",
  }),
  verb("filter", "flow", "Filter", "Stop the run, without an error, if a condition is false", { filter: "true" }),
  verb("ensure", "flow", "Ensure", "Fail the run if a condition is false", { ensure: "true", message: "" }),
  verb("for_each", "flow", "For each", "Run steps for every item of a list", { for_each: "[]", as: "item", do: [] }),
  verb("while", "flow", "While", "Repeat steps while a condition is true", { while: "false", max: 100, do: [] }),
  verb("try", "flow", "Try", "Run steps and handle their errors", { try: [], catch: [] }),
  verb("parallel", "flow", "Parallel", "Run branches at the same time", { parallel: { one: [], other: [] } }),
  verb("approve", "time", "Approve", "Pause the run until a user approves or rejects it", {
    approve: "Approve this step?",
    roles: ["admin"],
    timeout: "2d",
  }),
  verb("wait", "time", "Wait", "Sleep for a duration, or until a timestamp", { wait: "1h" }),
  verb("wait_for", "time", "Wait for", "Wait for an event", { wait_for: { stripe: "payment_intent", timeout: "1h" } }),
  verb("let", "value", "Let", "Set variables", { let: { name: "" } }),
  verb("log", "value", "Log", "Write a line to the run's log", { log: "" }),
  verb("http", "outside", "HTTP", "Call a web address", { http: "POST https://example.com/hook", body: {} }),
  verb("call", "outside", "Call", "Run another workflow as part of this run", { call: "", with: {} }),
  verb("python", "outside", "Python", "Call a registered Python function", { python: "", with: {} }),
  verb("respond", "end", "Respond", "Respond to the caller and continue", { respond: {} }),
  verb("return", "end", "Return", "End the run with a response", { return: {} }),
  verb("raise", "end", "Raise", "Fail the run with an error of your own", {
    raise: { code: "not_possible", message: "" },
  }),
];

const BY_NAME = new Map(VERBS.map((verb) => [verb.verb, verb]));

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
