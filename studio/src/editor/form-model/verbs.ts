/** Which fields the form of a step shows, in which order, with which control, and which of them are options. */

import { BARE_KEYS, STEP_LIST_KEYS } from "@/model/document/language";
import { fieldOf, type Field, type JsonSchema, type Writing } from "./schema";

export type Control =
  | "auto"
  | "action"
  | "parameters"
  | "table"
  | "where"
  | "columns"
  | "column"
  | "columns_list"
  | "template"
  | "workflow"
  | "function"
  | "arguments"
  | "steps"
  | "cases"
  | "branches"
  | "catch"
  | "retry"
  | "map"
  | "family_wait"
  | "names";

export interface Entry {
  key: string;
  control: Control;
  field: Field;
  section: "main" | "options";
}

interface Special {
  control?: Control;
  section?: "main" | "options";
  writing?: Writing;
  schema?: JsonSchema;
  multiline?: boolean;
  placeholder?: string;
  required?: boolean;
}

const TABLE: Special = { control: "table", writing: "plain" };
const DURATION: Special = { writing: "plain", placeholder: "30s, 15m, 2h, 14d" };
const OPTION: Special = { section: "options" };
const KEY: Special = { section: "options", placeholder: "made from the run and the step" };

/** The value of a verb's key; `verb.key` has precedence over `key`. */
const SPECIAL: Record<string, Special> = {
  id: { writing: "plain", section: "options" },
  name: { writing: "plain", section: "options" },
  when: { section: "options", placeholder: "user != null" },
  on_error: OPTION,
  retry: { control: "retry", section: "options" },
  timeout: { ...DURATION, section: "options" },
  idempotency_key: KEY,
  account: { ...OPTION, placeholder: "acct_…" },
  rows: {
    ...OPTION,
    writing: "plain",
    placeholder: "1",
    schema: { type: "string", enum: ["1", "0..1", "1..", "any"], "x-open": true },
  },
  status: OPTION,
  "stripe.stripe": { control: "action", writing: "plain" },
  "stripe.with": { control: "parameters" },
  "stripe.all": { ...OPTION, writing: "plain" },
  "stripe.max": { ...OPTION, writing: "plain" },
  "select.select": TABLE,
  "insert.insert": TABLE,
  "update.update": TABLE,
  "upsert.upsert": TABLE,
  "delete.delete": TABLE,
  where: { control: "where" },
  set: { control: "columns" },
  values: { control: "columns" },
  "upsert.key": { control: "columns_list", writing: "plain" },
  "select.one": { writing: "plain" },
  "select.key_by": { control: "column", writing: "plain", section: "options" },
  "select.require": { writing: "plain", section: "options" },
  "select.order_by": { control: "columns_list", writing: "plain", section: "options" },
  "select.limit": { ...OPTION, schema: { type: "integer", minimum: 1 } },
  "email.email": { control: "template", writing: "plain" },
  "email.to": { schema: { type: "string" }, placeholder: "${{ user.email }}" },
  "email.data": { control: "map" },
  "email.from": OPTION,
  "email.reply_to": OPTION,
  "email.attachments": { ...OPTION, schema: { type: "array", items: {} } },
  "http.http": { placeholder: "POST https://example.com/hook" },
  "http.headers": { control: "map" },
  "http.body": { schema: {} },
  "call.call": { control: "workflow", writing: "plain" },
  "call.with": { control: "arguments" },
  "python.python": { control: "function", writing: "plain" },
  "python.with": { control: "arguments" },
  "switch.switch": { placeholder: "event.action" },
  "switch.cases": { control: "cases" },
  "if.if": { placeholder: "order != null" },
  "filter.filter": { placeholder: "object.payment_status != 'unpaid'" },
  "ensure.ensure": { placeholder: "order.status == 'paid'" },
  "for_each.for_each": { placeholder: "inputs.items" },
  "for_each.as": { writing: "plain", placeholder: "item" },
  "for_each.concurrency": { ...OPTION, writing: "plain" },
  "for_each.max": { ...OPTION, writing: "plain" },
  "while.while": { placeholder: "vars.left > 0" },
  "while.max": { writing: "plain" },
  "try.catch": { control: "catch" },
  "parallel.parallel": { control: "branches" },
  "parallel.fail": { writing: "plain" },
  "wait.wait": { placeholder: "14d" },
  "wait_for.wait_for": { control: "family_wait" },
  "approve.roles": { control: "names", writing: "plain" },
  "approve.data": { control: "map" },
  "approve.approve": { multiline: true },
  "approve.timeout": { ...DURATION, section: "main" },
  "let.let": { control: "map" },
  "log.log": { multiline: true },
  "log.level": { writing: "plain" },
  "return.return": { schema: {} },
  "respond.respond": { schema: {} },
  "return.status": { ...OPTION, writing: "plain" },
  "respond.status": { ...OPTION, writing: "plain" },
};

/** Documentation where the schema has none. */
const WORDS: Record<string, string> = {
  "email.to": "Recipient: one address, or an expression that gives one.",
  "select.limit": "Maximum number of rows.",
  "if.if": "The steps below run if this is true.",
  "filter.filter": "The run stops, without an error, if this is false.",
  "ensure.ensure": "The run fails with this error if this is false.",
  "for_each.for_each": "A list. The steps run once for each item.",
  "for_each.as": "The name under which the steps read the item.",
  "while.while": "The steps repeat while this is true.",
  "while.max": "Maximum number of iterations. Then the step fails.",
  "wait.wait": "A time such as 30s, 15m or 14d, or an expression that gives a timestamp.",
  "log.log": "A line for the run's log.",
  "return.return": "The response to the caller. The run ends here.",
  "respond.respond": "The response to the caller. The run continues.",
  "approve.timeout": "How long to wait for a decision: 2h, 3d.",
};

const ORDER_OF_OPTIONS = ["name", "when", "retry", "timeout", "on_error"];

/** The entries of a verb's form. `schema`: of a step with this verb, from the catalog. */
export function entriesOf(verb: string, schema: JsonSchema): Entry[] {
  const required = new Set(schema.required ?? []);
  const definitions = schema.$defs ?? {};
  const fields = Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== "id")
    .map(([key, property]): Entry => {
      const special: Special = { ...SPECIAL[key], ...SPECIAL[`${verb}.${key}`] };
      const shape = special.schema === undefined ? property : { ...special.schema, description: property.description };
      const field = fieldOf(key, shape, {
        required: special.required ?? required.has(key),
        writing: special.writing ?? (BARE_KEYS.has(key) ? "bare" : "value"),
        definitions,
      });
      return {
        key,
        control: special.control ?? (STEP_LIST_KEYS.has(key) ? "steps" : "auto"),
        section: special.section ?? "main",
        field: {
          ...field,
          // A key of a verb says more than its type does.
          doc: WORDS[`${verb}.${key}`] ?? field.doc,
          multiline: special.multiline ?? field.multiline,
          placeholder: special.placeholder ?? "",
        },
      };
    });
  return fields.sort((entry, other) => rankOf(verb, entry) - rankOf(verb, other));
}

function rankOf(verb: string, entry: Entry): number {
  if (entry.key === verb) return 0;
  if (entry.section === "main") return 1;
  const at = ORDER_OF_OPTIONS.indexOf(entry.key);
  return at < 0 ? 2 : 3 + at;
}
