/** JSON Schema read as fields of a form: what kind of control a value gets, what it may be, what it means. */

import { isMap } from "@/model/document/path";

export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  default?: unknown;
  description?: string;
  title?: string;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  "x-open"?: boolean;
  "x-alias-of"?: string;
  "x-one-of"?: string[][];
  "x-expandable"?: string;
  "x-unit"?: "minor" | "seconds";
}

export type Kind = "text" | "integer" | "number" | "boolean" | "choice" | "object" | "list" | "map" | "union" | "any";

/** Of an integer: minor units of a currency, or seconds since 1970. Of a number: percent. */
export type Unit = "minor" | "seconds" | "percent";

/** How an expression is written in the file: `${{ … }}`, bare (conditions), or not at all. */
export type Writing = "value" | "bare" | "plain";

export interface Field {
  name: string;
  kind: Kind;
  doc: string;
  required: boolean;
  writing: Writing;
  unit: Unit | null;
  choices: unknown[];
  /** Values beside the choices may be written as well. */
  open: boolean;
  /** An empty text takes the value away at Stripe. */
  unsettable: boolean;
  multiline: boolean;
  placeholder: string;
  default: unknown;
  minimum: number | null;
  maximum: number | null;
  pattern: string | null;
  schema: JsonSchema;
  definitions: Record<string, JsonSchema>;
}

const LONG = /^(description|message|body|footer|hint|memo|statement|notes?|text|html|custom_unit_text)$/;

/** The field of a schema. */
export function fieldOf(
  name: string,
  schema: JsonSchema,
  options: { required?: boolean; writing?: Writing; definitions?: Record<string, JsonSchema> } = {},
): Field {
  const definitions = options.definitions ?? schema.$defs ?? {};
  const { schema: plain, unsettable } = withoutNothing(resolved(schema, definitions), definitions);
  const description = schema.description ?? plain.description ?? "";
  const kind = kindOf(plain);
  return {
    name,
    kind,
    doc: description,
    required: options.required ?? false,
    writing: options.writing ?? "value",
    unit: unitOf(name, kind, plain),
    choices: choicesOf(plain),
    open: plain["x-open"] === true,
    unsettable,
    multiline: kind === "text" && LONG.test(name),
    placeholder: "",
    default: schema.default ?? plain.default,
    minimum: plain.minimum ?? null,
    maximum: plain.maximum ?? null,
    pattern: plain.pattern ?? null,
    schema: plain,
    definitions,
  };
}

/** What most calls give, in the order in which one thinks of it. Stripe's own order is the alphabet's. */
const USUAL = [
  ...["mode", "line_items", "price", "price_data", "quantity", "customer", "customer_email", "email", "name"],
  ...["amount", "unit_amount", "currency", "product", "product_data", "items", "recurring", "interval"],
  ...["payment_intent", "charge", "payment_method", "reason", "description", "success_url", "cancel_url", "return_url"],
  ...["automatic_payment_methods", "enabled", "subscription_data", "trial_period_days", "metadata"],
];
const rankOf = (name: string): number => (USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length);

/**
 * The fields of an object: required ones, usual ones, then as Stripe orders them; other names for the same are left out.
 * given: the map as it stands. Where one of several is needed, it decides which.
 */
export function fieldsOf(field: Field, given: Record<string, unknown> = {}): Field[] {
  const required = new Set(field.schema.required ?? []);
  for (const names of field.schema["x-one-of"] ?? []) {
    const known = names.filter((name) => field.schema.properties?.[name]?.["x-alias-of"] === undefined);
    const chosen = known.filter((name) => Object.hasOwn(given, name));
    // A new step begins with the first one, empty: once another is filled in, that one can be taken out.
    const needed = chosen.find((name) => given[name] !== "") ?? chosen[0] ?? names[0];
    if (needed !== undefined) required.add(needed);
  }
  return Object.entries(field.schema.properties ?? {})
    .filter(([, schema]) => schema["x-alias-of"] === undefined)
    .map(([name, schema]) =>
      fieldOf(name, schema, {
        required: required.has(name),
        writing: field.writing,
        definitions: field.definitions,
      }),
    )
    .sort((first, other) => Number(other.required) - Number(first.required) || rankOf(first.name) - rankOf(other.name));
}

/** The key of a field in a map: its name, or an alias (`payment_intent` for `id`). */
export function nameIn(field: Field, parent: Field, value: unknown): string {
  if (!isMap(value) || Object.hasOwn(value, field.name)) return field.name;
  const others = Object.entries(parent.schema.properties ?? {}).filter(
    ([, sibling]) => sibling["x-alias-of"] === field.name,
  );
  return others.find(([name]) => Object.hasOwn(value, name))?.[0] ?? field.name;
}

/** The field of a list's items. */
export function itemOf(field: Field): Field {
  return fieldOf(singular(field.name), field.schema.items ?? {}, {
    writing: field.writing,
    definitions: field.definitions,
  });
}

/** The field of a map's values. */
export function valueOf(field: Field): Field {
  const more = field.schema.additionalProperties;
  return fieldOf("value", isMap(more) ? more : {}, {
    writing: field.writing,
    definitions: field.definitions,
  });
}

/** The alternatives of a union, each with a word people can choose it by. */
export function alternativesOf(field: Field): { label: string; field: Field }[] {
  const members = field.schema.anyOf ?? field.schema.oneOf ?? [];
  return members.map((member) => {
    const alternative = {
      ...fieldOf(field.name, member, { writing: field.writing, definitions: field.definitions }),
      doc: field.doc,
    };
    return { label: wordOf(alternative), field: alternative };
  });
}

/** Which alternative of a union a value is; the first when it is none of them. */
export function alternativeOf(field: Field, value: unknown): number {
  const all = alternativesOf(field);
  const exact = all.findIndex(
    (entry) => entry.field.kind === "choice" && !entry.field.open && entry.field.choices.includes(value),
  );
  if (exact >= 0) return exact;
  const index = all.findIndex((entry) => couldBe(entry.field, value) && entry.field.kind !== "choice");
  const open = all.findIndex((entry) => couldBe(entry.field, value));
  return Math.max(0, index >= 0 ? index : open);
}

/** Whether a value in a file has the shape of a field. Doesn't check nested values. */
export function couldBe(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return field.choices.includes(value) || (field.open && typeof value === "string");
    case "list":
      return Array.isArray(value);
    case "object":
    case "map":
      return isMap(value);
    case "union":
      return alternativesOf(field).some((alternative) => couldBe(alternative.field, value));
    case "any":
      return true;
  }
}

/** What a person calls the type of a field. */
export function wordOf(field: Field): string {
  if (field.unit === "minor") return "minor units";
  if (field.unit === "seconds") return "moment";
  if (field.kind === "choice" && field.choices.length === 1 && !field.open) return String(field.choices[0]);
  if (field.kind === "list") {
    const item = wordOf(itemOf(field));
    return item === "anything" ? "list" : `list of ${item}`;
  }
  const words: Record<Kind, string> = {
    text: "text",
    integer: "whole number",
    number: "number",
    boolean: "true or false",
    choice: "choice",
    object: "object",
    list: "list",
    map: "keys and values",
    union: "one of several",
    any: "anything",
  };
  return words[field.kind];
}

function resolved(schema: JsonSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  const name = schema.$ref?.split("/").pop();
  const target = name === undefined ? undefined : definitions[name];
  return target === undefined ? schema : { ...target, ...schema, $ref: undefined };
}

/** The schema without null and without the empty text that unsets a value; both are offered by taking the field away. */
function withoutNothing(
  schema: JsonSchema,
  definitions: Record<string, JsonSchema>,
): { schema: JsonSchema; unsettable: boolean } {
  let unsettable = false;
  const members = schema.anyOf ?? schema.oneOf;
  if (members !== undefined) {
    const rest = members
      .map((member) => resolved(member, definitions))
      .filter((member) => {
        const empty = member.enum?.length === 1 && member.enum[0] === "";
        unsettable ||= empty;
        return !empty && member.type !== "null";
      });
    const only = rest[0];
    if (rest.length === 1 && only !== undefined) {
      return { schema: { ...only, description: schema.description ?? only.description }, unsettable };
    }
    return { schema: { ...schema, anyOf: rest, oneOf: undefined }, unsettable };
  }
  let plain = schema;
  if (Array.isArray(plain.type)) {
    const types = plain.type.filter((type) => type !== "null");
    plain = { ...plain, type: types.length === 1 ? types[0] : types };
  }
  if (plain.enum !== undefined && plain.enum.length > 1 && plain.enum.includes("")) {
    unsettable = true;
    plain = { ...plain, enum: plain.enum.filter((choice) => choice !== "") };
  }
  return { schema: plain, unsettable };
}

function kindOf(schema: JsonSchema): Kind {
  if (schema.enum !== undefined || schema.const !== undefined) return "choice";
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) return "union";
  const type = Array.isArray(schema.type) ? (schema.type.includes("string") ? "any" : schema.type[0]) : schema.type;
  if (schema.format === "decimal") return "text";
  switch (type) {
    case "string":
      return "text";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return "list";
    case "object":
      return schema.properties === undefined || Object.keys(schema.properties).length === 0 ? "map" : "object";
    default:
      return schema.properties === undefined ? (schema.items === undefined ? "any" : "list") : "object";
  }
}

function choicesOf(schema: JsonSchema): unknown[] {
  if (schema.enum !== undefined) return schema.enum.filter((choice) => choice !== null);
  return schema.const === undefined ? [] : [schema.const];
}

/** The server marks amounts and timestamps; percentages are recognized by name. */
function unitOf(name: string, kind: Kind, schema: JsonSchema): Unit | null {
  if (kind === "integer") return schema["x-unit"] ?? (schema.format === "unix-time" ? "seconds" : null);
  return (kind === "number" || schema.format === "decimal") && name.includes("percent") ? "percent" : null;
}

function singular(name: string): string {
  return name.endsWith("ies") ? `${name.slice(0, -3)}y` : /[^su]s$/.test(name) ? name.slice(0, -1) : name;
}
