/** Steps of a file: which verb one has, where its blocks are, ids in use, and what a new step begins as. */

import {
  RESERVED,
  ROW_NAMES,
  STEP_LIST_KEYS,
  STEP_MAP_KEYS,
  TRIGGERS,
  VERBS,
  type TriggerKind,
  type Verb,
} from "@/model/document/language";
import { isMap, type Path, valueAt } from "@/model/document/path";

const KNOWN: ReadonlySet<string> = new Set(VERBS);
/** `item` is what a loop calls its item unless told otherwise. */
const TAKEN: ReadonlySet<string> = new Set([...RESERVED, "item"]);

export function verbOf(step: unknown): Verb | null {
  if (!isMap(step)) return null;
  return (Object.keys(step).find((key) => KNOWN.has(key)) as Verb | undefined) ?? null;
}

export function triggerKindOf(trigger: unknown): TriggerKind | null {
  if (!isMap(trigger)) return null;
  return TRIGGERS.find((kind) => Object.hasOwn(trigger, kind)) ?? null;
}

export type Subject =
  | { kind: "workflow"; path: Path }
  | { kind: "trigger"; path: Path; trigger: TriggerKind | null }
  | { kind: "step"; path: Path; verb: Verb | null };

/** What the form shows for a selected path: the step or trigger around it, else the workflow. */
export function subjectOf(data: unknown, selected: Path | null): Subject {
  const path = selected ?? [];
  if (path[0] === "on") {
    const triggerPath = Array.isArray(valueAt(data, ["on"])) ? path.slice(0, 2) : ["on"];
    if (valueAt(data, triggerPath) !== undefined && !Array.isArray(valueAt(data, triggerPath))) {
      return { kind: "trigger", path: triggerPath, trigger: triggerKindOf(valueAt(data, triggerPath)) };
    }
    return { kind: "workflow", path: [] };
  }
  for (let length = path.length; length > 1; length -= 1) {
    const step = path.slice(0, length);
    if (isStepPlace(data, step)) return { kind: "step", path: step, verb: verbOf(valueAt(data, step)) };
  }
  return { kind: "workflow", path: [] };
}

/** Whether a path is that of a step: an item of a list of steps, not of a list of values or clauses. */
export function isStepPlace(data: unknown, path: Path): boolean {
  const last = path[path.length - 1];
  const list = path[path.length - 2];
  if (typeof last !== "number" || (path[0] !== "steps" && path[0] !== "on_error")) return false;
  const value = valueAt(data, path);
  if (!isMap(value)) return false;
  if (path.length === 2) return true;
  if (typeof list === "string") {
    const owner = path[path.length - 3];
    if (typeof owner === "string" && STEP_MAP_KEYS.has(owner)) return true;
    if (list !== "steps" && !STEP_LIST_KEYS.has(list)) return false;
    return list !== "catch" || !(Object.hasOwn(value, "do") && verbOf(value) === null);
  }
  return false;
}

/** Every id of a step in the file, in order. */
export function stepIds(data: unknown): string[] {
  const names: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isMap(value)) {
      if (verbOf(value) !== null && typeof value["id"] === "string") names.push(value["id"]);
      for (const [key, inner] of Object.entries(value)) {
        if (STEP_LIST_KEYS.has(key) || STEP_MAP_KEYS.has(key)) blocks(inner);
      }
    }
  };
  const blocks = (inner: unknown): void => {
    if (isMap(inner)) Object.values(inner).forEach(walk);
    else walk(inner);
  };
  if (isMap(data)) {
    walk(data["steps"]);
    walk(data["on_error"]);
  }
  return names;
}

/** The names that expressions of this workflow read as their trigger's: on a changed row, `row` and `old`. */
export function namesOfTriggers(data: unknown): ReadonlySet<string> {
  const on = isMap(data) ? data["on"] : undefined;
  const triggers = Array.isArray(on) ? on : [on];
  return triggers.some((trigger) => triggerKindOf(trigger) === "table") ? ROW_NAMES : new Set();
}

/** Every name that a new step cannot have: the ids in use, and what the triggers bring. */
export const usedNames = (data: unknown): string[] => [...stepIds(data), ...namesOfTriggers(data)];

/** What is wrong with an id as typed; null when it can be used. */
export function idProblem(
  id: string,
  usedIds: readonly string[],
  ofTriggers: ReadonlySet<string> = new Set(),
): string | null {
  if (id === "") return null;
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(id)) return "Use lowercase letters, digits, and underscores. Start with a letter.";
  if (RESERVED.has(id)) return `“${id}” is reserved for expressions; choose another ID.`;
  if (ofTriggers.has(id)) return `“${id}” is reserved for the trigger's row; choose another ID.`;
  if (usedIds.includes(id)) return `Another step is called “${id}”.`;
  return null;
}

export function freeId(base: string, usedIds: readonly string[]): string {
  const clean =
    base
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^[^a-z]+|_+$/g, "")
      .slice(0, 40) || "step";
  let id = TAKEN.has(clean) ? `${clean}_1` : clean;
  for (let at = 2; usedIds.includes(id) || TAKEN.has(id); at += 1) id = `${clean}_${at}`;
  return id;
}

/** A readable id for the result of a Stripe action: `checkout.sessions.create` gives `session`, a list `sessions`. */
export function idOfAction(action: string): string {
  const parts = action.split(".").filter((part) => part !== "v2");
  const verb = parts[parts.length - 1] ?? "";
  const resource = parts[parts.length - 2] ?? "result";
  if (verb === "list" || verb === "search") return resource;
  const singular = resource.endsWith("ies")
    ? `${resource.slice(0, -3)}y`
    : resource.endsWith("sses")
      ? resource.slice(0, -2)
      : resource.replace(/s$/, "");
  return singular.replace(/^payment_intent$/, "intent").replace(/^setup_intent$/, "setup");
}
