/** What can be added to a workflow, searched and ordered, and the step or trigger that each begins as. */
import type { ActionEntry } from "@/api/editor";
import { verbInfo, type VerbGroup } from "@/model/document/verbs";
import type { Catalog } from "../assist/assist";
import { freeId, idOfAction } from "../form-model/steps";

export interface Item {
  /** Unique in the list. */
  key: string;
  group: VerbGroup | "Triggers" | "Stripe events";
  /** As it is written in the file. */
  name: string;
  /** For people. */
  title: string;
  doc: string;
  words: string[];
  /** What is inserted; a Stripe action is asked for its parameters first. */
  make:
    | { kind: "step"; step: Record<string, unknown>; id: string | null }
    | { kind: "action"; action: string }
    | { kind: "trigger"; trigger: Record<string, unknown> };
}

/** Everything but Stripe's actions, which the server searches. */
export function stepItems(catalog: Catalog, self = ""): Item[] {
  const verbs = catalog.verbs
    .filter((verb) => verb.verb !== "stripe")
    .map((verb): Item => {
      const known = verbInfo(verb.verb);
      return {
        key: `verb ${verb.verb}`,
        group: known?.group ?? "Flow",
        name: verb.verb,
        title: known?.title ?? verb.verb,
        doc: verb.doc,
        words: known?.words ?? [],
        make: { kind: "step", step: known?.step ?? verb.snippet, id: known?.id ?? null },
      };
    });
  const workflows = catalog.workflows
    .filter((workflow) => workflow.name !== self)
    .map((workflow): Item => ({
      key: `workflow ${workflow.name}`,
      group: "Workflows",
      name: workflow.name,
      title: workflow.title ?? workflow.name,
      doc: workflow.doc ?? "",
      words: ["call", "workflow"],
      make: { kind: "step", step: { call: workflow.name, ...argumentsOf(workflow.input) }, id: workflow.name },
    }));
  const functions = catalog.functions.map((callable): Item => ({
    key: `python ${callable.name}`,
    group: "Python",
    name: callable.name,
    title: callable.title ?? callable.name,
    doc: callable.doc ?? "",
    words: ["python", "function"],
    make: {
      kind: "step",
      step: { python: callable.name, ...argumentsOf(callable.input) },
      id: callable.name.split(/[:.]/).pop() ?? "result",
    },
  }));
  return [...verbs, ...workflows, ...functions];
}

function argumentsOf(input: { required?: string[] } | null | undefined): Record<string, unknown> {
  const required = input?.required ?? [];
  return required.length === 0 ? {} : { with: Object.fromEntries(required.map((name) => [name, ""])) };
}

export function actionItem(action: ActionEntry): Item {
  return {
    key: `stripe ${action.name}`,
    group: "Stripe",
    name: action.name,
    title: action.label ?? titleOf(action.name),
    doc: action.summary,
    words: action.aliases,
    make: { kind: "action", action: action.name },
  };
}

/** `refunds.list` as `List refunds`, `test_helpers.refunds.expire` as `Expire refund (test helpers)`. */
export function titleOf(name: string): string {
  const parts = name.split(".").map((part) => part.replaceAll("_", " "));
  const verb = parts.pop() ?? "";
  const resource = parts.pop() ?? "";
  const many = verb === "list" || verb === "search";
  const object = many ? resource : resource.replace(/ies$/, "y").replace(/([^su])s$/, "$1");
  const around = parts.filter((part) => part !== "v2").join(", ");
  const words = `${verb} ${object}`;
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}${around === "" ? "" : ` (${around})`}`;
}

export function triggerItems(catalog: Catalog): Item[] {
  const plain: [string, string, Record<string, unknown>, string[]][] = [
    ["api", "On a request", { api: "POST /", auth: "user" }, ["endpoint", "http", "webhook", "button"]],
    ["schedule", "On a schedule", { schedule: "0 3 * * *", timezone: "UTC" }, ["cron", "time", "daily"]],
    ["manual", "Manual", { manual: true, auth: ["admin"] }, ["by hand", "button", "person", "studio"]],
    ["called", "When called by a workflow", { called: true }, ["sub", "function"]],
    ["table", "On a changed row", { table: "", on: ["insert"] }, ["database", "row", "insert", "update"]],
  ];
  const kinds = plain.map(([kind, title, trigger, words]): Item => ({
    key: `trigger ${kind}`,
    group: "Triggers",
    name: kind,
    title,
    doc: catalog.triggers.find((trigger) => trigger.kind === kind)?.text ?? "",
    words,
    make: { kind: "trigger", trigger },
  }));
  const families = catalog.families.map((family): Item => ({
    key: `event ${family.family}`,
    group: "Stripe events",
    name: family.family,
    title: family.label,
    doc: `Actions: ${family.actions.join(", ")}.${family.stateful ? " Payloom reads the object again from Stripe. Runs about the same object run one after another." : ""}`,
    words: family.actions.map((action) => `${family.family}.${action}`),
    make: { kind: "trigger", trigger: { stripe: family.family } },
  }));
  return [...kinds, ...families];
}

/** The items that fit, best first: how name and title begin, then their words, then the description. Every word must occur. */
export function searched(items: readonly Item[], query: string): Item[] {
  const words = query
    .toLowerCase()
    .split(/[\s_.]+/)
    .filter(Boolean);
  if (words.length === 0) return [...items];
  return items
    .map((item, at) => ({ item, at, rank: rankOf(item, words, query.toLowerCase().trim()) }))
    .filter((item) => item.rank !== null)
    .sort((item, other) => (item.rank ?? 0) - (other.rank ?? 0) || item.at - other.at)
    .map((item) => item.item);
}

function rankOf(item: Item, words: string[], whole: string): number | null {
  const name = item.name.toLowerCase();
  const title = item.title.toLowerCase();
  if (name === whole || title === whole) return 0;
  if (name.startsWith(whole) || title.startsWith(whole)) return 1;
  const begins = (hay: string, word: string): boolean => hay.split(/[\s_.:/-]+/).some((part) => part.startsWith(word));
  if (words.every((word) => begins(name, word) || begins(title, word))) return 2;
  const aliases = item.words.join(" ").toLowerCase();
  if (words.every((word) => begins(name, word) || begins(title, word) || begins(aliases, word))) return 3;
  const doc = item.doc.toLowerCase();
  return words.every(
    (word) => name.includes(word) || title.includes(word) || aliases.includes(word) || begins(doc, word),
  )
    ? 4
    : null;
}

/** The step that an item begins as, with an id that is free. */
export function stepOf(
  item: Item,
  usedNames: readonly string[],
  snippet: Record<string, unknown> | null,
): Record<string, unknown> | null {
  if (item.make.kind === "step") {
    const { step, id } = item.make;
    return id === null ? structuredClone(step) : { id: freeId(id, usedNames), ...structuredClone(step) };
  }
  if (item.make.kind === "action") {
    return { id: freeId(idOfAction(item.make.action), usedNames), ...(snippet ?? { stripe: item.make.action }) };
  }
  return null;
}
