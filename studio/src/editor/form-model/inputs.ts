/** The short form of `input:` as rows of a form, and back: `amount?: int 1.. = 5`, `plan: basic | pro`, `items: [{sku: string}]`. */

import { isMap } from "@/model/document/path";

export const TYPES = [
  "string",
  "int",
  "number",
  "bool",
  "email",
  "url",
  "uuid",
  "date",
  "datetime",
  "currency",
  "json",
] as const;

export type InputShape =
  | { kind: "typed"; type: string; rule: string; fallback: string | null }
  | { kind: "choices"; choices: string[]; fallback: string | null }
  | { kind: "list"; item: InputShape }
  | { kind: "fields"; fields: InputField[] }
  /** Something this form does not take apart: a JSON Schema, or a text that cannot be read (yet). */
  | { kind: "other"; value: unknown };

export interface InputField {
  /** As written in the file, `?` included. */
  key: string;
  name: string;
  optional: boolean;
  shape: InputShape;
}

/** The rows of an `input:` block; null when the block is a full JSON Schema. */
export function inputFields(block: unknown): InputField[] | null {
  if (block === undefined || block === null) return [];
  if (!isMap(block)) return null;
  if (block["type"] === "object" && isMap(block["properties"])) return null;
  return Object.entries(block).map(([key, value]) => ({ key, ...named(key), shape: shapeOf(value) }));
}

export function shapeOf(value: unknown): InputShape {
  if (typeof value === "string") return ofText(value);
  if (Array.isArray(value) && value.length === 1) return { kind: "list", item: shapeOf(value[0]) };
  if (isMap(value)) {
    const fields =
      typeof value["type"] === "string" && /^(null|boolean|integer|number|string|array|object)$/.test(value["type"])
        ? null
        : inputFields(value);
    return fields === null ? { kind: "other", value } : { kind: "fields", fields };
  }
  return { kind: "other", value };
}

function named(key: string): { name: string; optional: boolean } {
  return key.endsWith("?") ? { name: key.slice(0, -1), optional: true } : { name: key, optional: false };
}

function ofText(text: string): InputShape {
  const [body = "", ...rest] = text.split("=");
  const fallback = rest.length > 0 ? rest.join("=").trim() : null;
  if (body.includes("|")) return { kind: "choices", choices: body.split("|").map((part) => part.trim()), fallback };
  const [type = "", ...rule] = body.trim().split(/\s+/);
  if (!(TYPES as readonly string[]).includes(type)) return { kind: "other", value: text };
  return { kind: "typed", type, rule: rule.join(" "), fallback };
}

/** The value in the file for a shape. */
export function inputValue(shape: InputShape): unknown {
  switch (shape.kind) {
    case "typed":
      return [shape.type, shape.rule.trim(), ...fallbackText(shape.fallback)].filter((part) => part !== "").join(" ");
    case "choices":
      return [
        shape.choices
          .map((choice) => choice.trim())
          .filter((choice) => choice !== "")
          .join(" | "),
        ...fallbackText(shape.fallback),
      ].join(" ");
    case "list":
      return [inputValue(shape.item)];
    case "fields":
      return Object.fromEntries(
        shape.fields.map((field) => [keyOf(field.name, field.optional), inputValue(field.shape)]),
      );
    case "other":
      return shape.value;
  }
}

export function keyOf(name: string, optional: boolean): string {
  return optional ? `${name}?` : name;
}

function fallbackText(fallback: string | null): string[] {
  return fallback === null || fallback.trim() === "" ? [] : [`= ${fallback.trim()}`];
}

/** What the rule of a type means, for the label of its field; null where a type takes none. */
export function ruleLabel(type: string): { label: string; placeholder: string } | null {
  if (type === "int" || type === "number") return { label: "Range", placeholder: "1..20" };
  if (type === "string") return { label: "Length or beginning", placeholder: "1..80 or cs_*" };
  return null;
}

/** What is wrong with a rule as typed; null when it is fine. */
export function ruleProblem(type: string, rule: string): string | null {
  const text = rule.trim();
  if (text === "") return null;
  const range = /^(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?$/.exec(text);
  if (range !== null) {
    if (range[1] === undefined && range[2] === undefined) return "Write at least one end: 1..20, 1.. or ..20.";
    if (range[1] !== undefined && range[2] !== undefined && Number(range[1]) > Number(range[2]))
      return "The smaller number comes first.";
    if (type !== "number" && /\./.test(text.replace("..", ""))) return "The ends of this range are whole numbers.";
    return null;
  }
  if (type === "string" && /^[A-Za-z0-9_.:-]+\*$/.test(text)) return null;
  return type === "string"
    ? "Write a length such as 1..80, or a beginning such as cs_*."
    : "Write a range such as 1..20.";
}

/** A name for a new field that none of `taken` has. */
export function freeName(base: string, usedNames: readonly string[]): string {
  const names = new Set(usedNames.map((key) => key.replace(/\?$/, "")));
  if (!names.has(base)) return base;
  let at = 2;
  while (names.has(`${base}_${at}`)) at += 1;
  return `${base}_${at}`;
}
